"""A class in the list: key, colour, name, painted pixels, its two buttons."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QEnterEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QShowEvent,
)
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QWidget,
)

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.session.guidance.ui_state import MIN_PIXELS_OF_CLASS
from napari_garage_unet.widgets.common.name_edit import NameEdit
from napari_garage_unet.widgets.common.swatch import ColorButton

from .class_icons import ICON_PIXELS, cross_icon, see_through_icon

ROW_HEIGHT_PIXELS = 26
BACKGROUND_BUTTON_PIXELS = 22


class ClassRow(QFrame):
    """A class of the session; a click, Enter or Space picks up its brush.

    Parameters
    ----------
    info
        The class.
    parent
        Qt's parent.

    Attributes
    ----------
    picked
        Emitted with the class id when the class is to be painted.
    renamed
        Emitted with the class id and the name when another name was typed.
    background_toggled
        Emitted with the class id and whether it was marked as the background.
    recolored
        Emitted with the class id and the colour when another colour was chosen.
    removed
        Emitted with the class id when the class is to be removed.
    """

    picked = Signal(int)
    renamed = Signal(int, str)
    background_toggled = Signal(int, bool)
    recolored = Signal(int, str)
    removed = Signal(int)

    def __init__(self, info: ClassInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info = info
        self._selected = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(ROW_HEIGHT_PIXELS)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.swatch = ColorButton()
        self.swatch.chosen.connect(self._on_color)
        self._key = QLabel()
        self._key.setFixedWidth(20)
        self._key.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.name_edit = NameEdit()
        self.name_edit.finished.connect(self._on_name)
        self._count = QLabel()
        self._count.setAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        self.background_button = QToolButton()
        self.background_button.setCheckable(True)
        self.background_button.setAutoRaise(True)
        self.background_button.setFixedSize(
            BACKGROUND_BUTTON_PIXELS, BACKGROUND_BUTTON_PIXELS
        )
        self.background_button.setIconSize(QSize(ICON_PIXELS // 2, ICON_PIXELS // 2))
        self.background_button.clicked.connect(self._on_background)
        self.remove_button = QToolButton()
        self.remove_button.setAutoRaise(True)
        self.remove_button.setFixedSize(
            BACKGROUND_BUTTON_PIXELS, BACKGROUND_BUTTON_PIXELS
        )
        self.remove_button.setIconSize(QSize(ICON_PIXELS // 2, ICON_PIXELS // 2))
        self.remove_button.clicked.connect(self._on_remove)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 1, 4, 1)
        layout.setSpacing(4)
        layout.addWidget(self._key)
        layout.addWidget(self.swatch)
        layout.addWidget(self.name_edit, 1)
        layout.addWidget(self._count)
        layout.addWidget(self.background_button)
        layout.addWidget(self.remove_button)
        for child in (self._key, self._count, self.name_edit):
            child.installEventFilter(self)
        self.show_class(info)
        self.show_count(0)

    @property
    def class_id(self) -> int:
        """Id of the class, 1 to 255."""
        return self._info.id

    @property
    def name(self) -> str:
        """The name that is shown."""
        return self.name_edit.text()

    @property
    def count_text(self) -> str:
        """The text about the painted pixels."""
        return self._count.text()

    def show_class(self, info: ClassInfo) -> None:
        """Show the name, colour and background mark of a class."""
        self._info = info
        self.swatch.set_color(info.color)
        self.swatch.setToolTip(f"Change the colour of {info.name}.")
        self.swatch.setAccessibleName(f"Colour of {info.name}")
        self.remove_button.setToolTip(
            f"Remove {info.name} and erase its strokes; this can be undone."
        )
        self.remove_button.setAccessibleName(f"Remove {info.name}")
        self._key.setText(str(info.id))
        if not self.name_edit.is_editing:
            self.name_edit.setText(info.name)
        self.background_button.setChecked(info.background)
        self.background_button.setToolTip(
            "This class is the background: it is see-through in results.\n"
            "Click to make it an ordinary class."
            if info.background
            else "Mark this class as the background, which is see-through in results."
        )
        key = f" or press {info.id}" if info.id <= 9 else ""
        self.setToolTip(
            f"Click{key} to paint {info.name}.\n"
            "Double-click or F2 to give it another name."
        )
        self.background_button.setAccessibleName(f"{info.name} is the background")
        self.setAccessibleName(f"class {info.name}")
        self._draw_icon()

    def show_count(self, pixels: int) -> None:
        """Show how many pixels are painted."""
        if pixels == 0:
            text = "not painted"
        elif pixels < MIN_PIXELS_OF_CLASS:
            text = f"{pixels} px, few"
        else:
            text = f"{pixels:,} px".replace(",", "\u202f")
        self._count.setText(text)
        self._count.setEnabled(pixels > 0)

    def show_selected(self, selected: bool) -> None:
        """Show whether the brush paints this class."""
        if selected != self._selected:
            self._selected = selected
            font = self.name_edit.font()
            font.setBold(selected)
            self.name_edit.setFont(font)
            self._key.setFont(font)
            self.update()

    def edit_name(self) -> None:
        """Let a person type another name."""
        self.name_edit.begin()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw a frame around the class that the brush paints."""
        super().paintEvent(event)
        if not (self._selected or self.hasFocus() or self.underMouse()):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        color.setAlpha(38 if self._selected else 18)
        painter.setBrush(color)
        if self._selected or self.hasFocus():
            color.setAlpha(150)
            painter.setPen(color)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 4, 4)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Pick up the brush at Enter and Space; rename at F2."""
        if event is None:
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.picked.emit(self.class_id)
        elif event.key() == Qt.Key.Key_F2:
            self.edit_name()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Pick up the brush."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(self.class_id)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Rename."""
        self.edit_name()

    def eventFilter(self, watched: object, event: QEvent | None) -> bool:
        """Treat clicks on the labels as clicks on the row."""
        if event is None or (watched is self.name_edit and self.name_edit.is_editing):
            return False
        if event.type() == QEvent.Type.MouseButtonPress:
            self.picked.emit(self.class_id)
            return True
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.edit_name()
            return True
        return False

    def enterEvent(self, event: QEnterEvent | None) -> None:
        """Show that the row can be clicked."""
        super().enterEvent(event)
        self._draw_icon()
        self.update()

    def leaveEvent(self, event: QEvent | None) -> None:
        """Stop showing that the row can be clicked."""
        super().leaveEvent(event)
        self._draw_icon()
        self.update()

    def changeEvent(self, event: QEvent | None) -> None:
        """Draw the icon in the colours of the theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.StyleChange:
            self._draw_icon()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Draw the icon in the colours that the window's theme has given."""
        super().showEvent(event)
        self._draw_icon()

    def _on_name(self, name: str) -> None:
        if name != self._info.name:
            self.renamed.emit(self.class_id, name)
        self.name_edit.setText(self._info.name)

    def _on_background(self, checked: bool) -> None:
        self.background_toggled.emit(self.class_id, checked)

    def _on_color(self, color: str) -> None:
        self.recolored.emit(self.class_id, color)

    def _on_remove(self) -> None:
        self.removed.emit(self.class_id)

    def _draw_icon(self) -> None:
        on = self._info.background
        # Faint in rows without the pointer: an empty box in each would be puzzling.
        is_pointed_at = self.underMouse() or self.background_button.hasFocus()
        color = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        color.setAlpha(255 if on else 110 if is_pointed_at else 25)
        self.background_button.setIcon(see_through_icon(color, on=on))
        color.setAlpha(220 if is_pointed_at else 110)
        self.remove_button.setIcon(cross_icon(color))
