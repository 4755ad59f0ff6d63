"""Where things are computed: TensorFlow, devices, cores."""
