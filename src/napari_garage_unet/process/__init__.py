"""The wall between the viewer and the engine.

The viewer's half (`client`, `messages`, `shared`) knows neither Qt, napari nor
TensorFlow; the engine's half (`server`) runs in a child process of its own.
"""
