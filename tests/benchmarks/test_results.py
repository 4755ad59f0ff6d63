import json
import math

import pytest
from benchmarks.results import Direction, Mark, Report, table


@pytest.mark.parametrize(
    ("value", "direction", "met"),
    [
        (0.5, Direction.AT_LEAST, True),
        (0.49, Direction.AT_LEAST, False),
        (0.5, Direction.AT_MOST, True),
        (0.51, Direction.AT_MOST, False),
        (math.nan, Direction.AT_LEAST, False),
        (math.nan, Direction.AT_MOST, False),
    ],
)
def test_a_mark_is_met_on_the_right_side_of_its_limit(value, direction, met):
    assert Mark("m", value, 0.5, direction).met is met


def test_a_report_writes_everything_and_its_code_tells_a_missed_mark(tmp_path, capsys):
    report = Report(
        "try",
        figures={"seconds": [1.5]},
        marks=[Mark("good", 2, 1), Mark("bad", math.nan, 1)],
        tables=[table(["who", "how much"], [["we", 0.5]])],
    )

    assert report.publish(tmp_path) == 1

    written = json.loads((tmp_path / "try.json").read_text())
    assert written["figures"] == {"seconds": [1.5]}
    assert [mark["met"] for mark in written["marks"]] == [True, False]
    assert written["cores"] >= 1
    assert {"date", "commit", "versions"} <= set(written)
    printed = capsys.readouterr().out
    assert "MISSED  bad" in printed
    assert "we      0.500" in printed
    assert "1 of 2 marks" in printed


def test_a_report_without_a_missed_mark_ends_well(tmp_path):
    assert Report("fine", marks=[Mark("good", 2, 1)]).publish(tmp_path) == 0
