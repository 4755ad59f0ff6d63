"""The image a person paints on, its channels, and the layer of its strokes."""

from __future__ import annotations

from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.arrangements import is_worth_saying
from napari_garage_unet.layers.axes import axes_of, describe_layer, layer_shape
from napari_garage_unet.layers.matching import is_result
from napari_garage_unet.layers.no_data import nodata_of
from napari_garage_unet.session import Session
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.widgets.common.layer_picker import LayerPicker
from napari_garage_unet.widgets.common.wrapping_label import WrappingLabel

from .axes_button import AxesButton
from .channels_button import ChannelsButton


class ImagePanel(QWidget):
    """Two lists of layers, a menu of channels, and a button for a new strokes layer.

    Parameters
    ----------
    session
        Session of the viewer; `refresh` shows its current image.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.image_picker = LayerPicker(
            ImageLayer,
            tooltip="The image to paint on and to learn from.",
            viewer=session.viewer,
            accept=lambda layer: not is_result(layer),
            on_choice=self._on_image_chosen,
        )
        self.channels = ChannelsButton(session)
        self.strokes_picker = LayerPicker(
            Labels,
            tooltip="The Labels layer your strokes are painted in. 0 is unlabelled.",
            viewer=session.viewer,
            accept=lambda layer: not is_result(layer),
            on_choice=self._on_strokes_chosen,
        )
        self.new_button = QPushButton("New")
        self.new_button.setToolTip("Add an empty strokes layer for this image.")
        self.new_button.clicked.connect(self._on_new)
        self.description = WrappingLabel()
        self.axes = AxesButton(session)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(QLabel("Image"), 0, 0)
        grid.addWidget(self.image_picker.native, 0, 1)
        grid.addWidget(self.channels, 0, 2)
        grid.addWidget(self.description, 1, 1)
        grid.addWidget(self.axes, 1, 2)
        grid.addWidget(QLabel("Strokes"), 2, 0)
        grid.addWidget(self.strokes_picker.native, 2, 1)
        grid.addWidget(self.new_button, 2, 2)
        grid.setColumnStretch(1, 1)

    def refresh(self) -> None:
        """Show the current image of the session and the layers there are."""
        current = self._session.images.current
        self.image_picker.show(current.layer if current else None)
        self.strokes_picker.show(current.strokes if current else None)
        self.new_button.setEnabled(current is not None)
        self.channels.refresh()
        self.axes.refresh()
        self.description.setText(describe(current))
        self.description.setToolTip(tell_source(current))

    def _on_image_chosen(self, layer: Layer | None) -> None:
        self._session.images.choose(layer)

    def _on_strokes_chosen(self, layer: Layer | None) -> None:
        if not self._session.choose_strokes(layer):
            self.refresh()

    def _on_new(self) -> None:
        self._session.new_strokes()


def describe(annotated: AnnotatedImage | None) -> str:
    """Describe an image in a few words, such as ``"RGB, 500 x 741 px"``.

    What is only guessed about its axes is called a guess.
    """
    if annotated is None:
        return ""
    layers = annotated.layers
    try:
        axes, source = axes_of(annotated.layer)
    except InputError:
        return "not known what its axes are"
    words = [describe_layer(annotated.layer) + " px"]
    if len(layers) > 1:
        words.insert(0, f"{len(layers)} channels")
    elif layers[0].rgb:
        words.insert(0, "RGB" if annotated.n_channels == 3 else "4 colours")
    elif set(axes) == set("yx"):
        words.insert(0, "grey")
    shape = layer_shape(annotated.layer)
    if is_worth_saying(axes, shape, source):
        words.append("a guess")
    nodata = nodata_of(annotated.layer)
    if nodata is not None:
        words.append(f"no data where {nodata:g}")
    if annotated.mask is not None:
        words.append(f"masked by {annotated.mask.name}")
    return ", ".join(words)


def tell_source(annotated: AnnotatedImage | None) -> str:
    """Return who says what the axes of an image are, in a sentence."""
    try:
        axes, source = axes_of(annotated.layer) if annotated is not None else ("", "")
    except InputError as error:
        return str(error)
    return f"Its axes are {axes}, {source}." if axes else ""
