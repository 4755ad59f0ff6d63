import pytest
from benchmarks.bench_strokes import parse_arguments, result_name


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ("", "strokes"),
        ("--seeds 4", "strokes"),
        ("--others", "others"),
        ("--others --seeds 3", "others"),
        ("--quick", "strokes-quick"),
        ("--tasks nuclei", "strokes-part"),
        ("--methods ours", "strokes-part"),
        ("--seeds 2", "strokes-part"),
        ("--rounds 1", "strokes-part"),
        ("--seconds 20", "strokes-part"),
        ("--others --tasks river", "strokes-part"),
        ("--others --seconds 5 20", "strokes-part"),
    ],
)
def test_a_part_never_replaces_the_result_of_the_whole(arguments, name):
    assert result_name(parse_arguments(arguments.split())) == name
