import numpy as np
import pytest
from benchmarks.strokes.tasks import as_truth, load_task


def test_masks_become_truths_with_ids_as_painted():
    mask = np.array([[0, 7, 255]], np.uint8)

    assert as_truth(mask).tolist() == [[1, 8, 0]]


def test_absent_data_is_said_in_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"data .* absent"):
        load_task("nuclei", folder=tmp_path / "nowhere")
