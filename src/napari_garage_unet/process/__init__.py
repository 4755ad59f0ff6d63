"""The engine as a process of its own, apart from the viewer.

`client` starts it and talks to it from the viewer; `server` runs in it; `protocol` is
what they send each other. `client` and `protocol` import neither Qt, napari nor
TensorFlow.
"""
