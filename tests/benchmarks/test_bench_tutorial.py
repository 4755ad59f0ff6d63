import pytest
from benchmarks.bench_tutorial import marks, parse_arguments, result_name, results_table
from benchmarks.tutorial.lesson import load_definitions
from benchmarks.tutorial.recipes import RECIPES

RUN = {
    "method": "textbook, masks",
    "task": "garage",
    "network": "U-Net, widths 16 to 256",
    "minutes": 9.5,
    "epochs": 80,
    "accuracy": 0.84,
    "iou": 0.6,
    "majority": 0.31,
    "elsewhere": None,
    "elsewhere_majority": None,
}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ("", "tutorial"),
        ("--tasks flood membrane nuclei garage", "tutorial"),
        ("--tasks garage", "tutorial-part"),
        ("--methods textbook", "tutorial-part"),
        ("--minutes 1", "tutorial-part"),
    ],
)
def test_a_part_never_replaces_the_result_of_the_whole(arguments, name):
    assert result_name(parse_arguments(arguments.split())) == name


def test_the_textbook_network_has_to_reach_the_accuracy_in_the_time():
    shipped = {**RUN, "method": "shipped, masks", "accuracy": 0.1}
    assert [mark.met for mark in marks([RUN, shipped])] == [True, True]
    slow_and_wrong = {**RUN, "accuracy": 0.8, "minutes": 21.0}
    assert [mark.met for mark in marks([slow_and_wrong])] == [False, False]


def test_the_table_says_what_learnt_for_how_long():
    strokes = {**RUN, "method": "shipped, strokes", "epochs": None, "majority": None}
    header, _, first, second = results_table([RUN, strokes]).strip().splitlines()
    assert header.split()[-5:] == ["one", "class", "elsewhere", "one", "class"]
    assert "widths 16 to 256" in first
    assert first.split()[-5:] == ["9.5", "80", "0.840", "0.600", "0.310"]
    assert second.split()[-3:] == ["9.5", "0.840", "0.600"]


def test_no_recipe_takes_longer_than_the_benchmark_allows():
    assert all(recipe.minutes <= 20 for recipe in RECIPES.values())
    assert all(len(recipe.widths) == 5 for recipe in RECIPES.values())


def test_the_lesson_is_read_without_running_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lesson = load_definitions()
    assert callable(lesson.unet)
    assert lesson.SIZE == 160
    assert not hasattr(lesson, "history")
    assert not list(tmp_path.iterdir())
