from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from napari_garage_unet.widgets.common.fold import Fold


class Page(QWidget):
    """A field, a fold with a field, and a field below."""

    def __init__(self):
        super().__init__()
        self.above, self.inside, self.below = (QLineEdit() for _ in range(3))
        self.fold = Fold("More", tooltip="Everything else there is.")
        self.fold.column.addWidget(self.inside)
        layout = QVBoxLayout(self)
        for widget in (self.above, self.fold, self.below):
            layout.addWidget(widget)
        layout.addStretch(1)


@pytest.fixture
def page(qtbot):
    page = Page()
    qtbot.addWidget(page)
    page.resize(200, 300)
    page.show()
    qtbot.waitExposed(page)
    QApplication.setActiveWindow(page)
    return page


def place_of(widget):
    return widget.mapTo(widget.window(), widget.rect().topLeft())


def test_contents_are_hidden_until_the_title_is_clicked(page):
    title = page.fold.toggleButton()
    assert not page.inside.isVisible()
    QTest.mouseClick(title, Qt.MouseButton.LeftButton)
    assert page.inside.isVisible()
    QTest.mouseClick(title, Qt.MouseButton.LeftButton)
    assert not page.inside.isVisible()


def test_the_title_stays_under_the_mouse(page, qtbot):
    title = page.fold.toggleButton()
    before, below = place_of(title), place_of(page.below)
    page.fold.expand()
    qtbot.wait(20)
    assert place_of(title) == before
    assert place_of(page.below).y() > below.y()
    page.fold.collapse()
    qtbot.wait(20)
    assert place_of(title) == before
    assert place_of(page.below) == below


def test_it_is_reached_and_opened_by_keyboard_and_tab_passes_hidden_contents(page):
    page.above.setFocus()
    QTest.keyClick(page.above, Qt.Key.Key_Tab)
    title = page.fold.toggleButton()
    assert title.hasFocus()
    QTest.keyClick(title, Qt.Key.Key_Tab)
    assert page.below.hasFocus()
    title.setFocus()
    QTest.keyClick(title, Qt.Key.Key_Space)
    assert page.fold.isExpanded()
    QTest.keyClick(title, Qt.Key.Key_Tab)
    assert page.inside.hasFocus()


def test_contents_that_grow_are_not_cut_off(page, qtbot):
    page.fold.expand()
    page.inside.setFixedHeight(150)
    qtbot.wait(20)
    assert page.inside.visibleRegion().boundingRect() == page.inside.rect()


def test_the_arrow_turns(page):
    def arrow():
        return page.fold.toggleButton().icon().pixmap(16, 16).toImage()

    closed = arrow()
    page.fold.expand()
    assert arrow() != closed
    page.fold.collapse()
    assert arrow() == closed


def test_the_title_says_what_is_in_it(page):
    assert page.fold.toggleButton().toolTip() == "Everything else there is."
    assert page.fold.text() == "More"
