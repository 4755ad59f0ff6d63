"""Components and merged contacts of small graphs."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.labels.graph import components, sum_contacts


def nodes(*values):
    return np.array(values, np.int32)


def test_components_are_numbered_by_their_first_nodes():
    found = components(nodes(4, 5, 2), nodes(1, 2, 0), 7)
    assert found.tolist() == [0, 1, 0, 2, 1, 0, 3]


def test_nodes_without_edges_are_components():
    assert components(nodes(), nodes(), 3).tolist() == [0, 1, 2]


def test_contacts_between_two_regions_become_one():
    pairs, faces = sum_contacts(
        nodes(3, 0, 1, 3, 2), nodes(1, 2, 3, 1, 2), nodes(1, 5, 2, 4, 0), 4
    )
    assert pairs.T.tolist() == [[0, 2], [1, 3], [2, 2]]
    assert faces.tolist() == [5, 7, 0]


def test_no_contacts_stay_none():
    pairs, faces = sum_contacts(nodes(), nodes(), nodes(), 4)
    assert pairs.shape == (2, 0)
    assert faces.size == 0
