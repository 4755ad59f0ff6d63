#!/usr/bin/env bash
# TensorFlow 2.21.0 with Keras 3.15.1, Linux, CPU.
#
# Asked: what does setting the global seed cost in a process that has traced and run its
# functions already, for example at the start of every training?
#
# Expected: nothing but new random numbers; a tf.function stays traced and optimised.
#
# Seen: the function is not traced again (the count of traces stays), but every function
# that was in use is instantiated and optimised anew at its next call. The first call
# after tf.random.set_seed or keras.utils.set_random_seed takes 10 to 70 times as long as
# those before it, for every function and after every seed. Seeding the global
# tf.random.Generator, or the operations themselves, costs nothing of the kind.
# Cause, by the source (tensorflow/python/eager/context.py, Context._set_global_seed):
# setting the seed clears the context's kernel cache, so as to reset operations with
# random state of their own.
#
# Fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "tensorflow==2.21.0" "keras==3.15.1"
cat > "$folder/seed.py" <<'PYTHON'
import statistics
import time

import keras
import tensorflow as tf

network = keras.Sequential(
    [keras.layers.Conv2D(16, 3, padding="same") for _ in range(12)]
)


@tf.function(input_signature=[tf.TensorSpec((1, None, None, 3))])
def predict(image):
    return network(image)


def seconds():
    start = time.perf_counter()
    predict(image)
    return time.perf_counter() - start


image = tf.zeros((1, 32, 32, 3))
seconds()
usual = statistics.median(seconds() for _ in range(20))
traces = predict.experimental_get_tracing_count()
ways = {
    "tf.random.set_seed": tf.random.set_seed,
    "keras.utils.set_random_seed": keras.utils.set_random_seed,
    "Generator.reset_from_seed": tf.random.get_global_generator().reset_from_seed,
}
slower = {}
for name, set_seed in ways.items():
    times = []
    for seed in range(5):
        set_seed(seed)
        times.append(seconds())
        seconds()
    slower[name] = statistics.median(times) / usual
    print(f"first call after {name}: {slower[name]:.1f} times a usual one")

print("TensorFlow", tf.__version__, "Keras", keras.__version__)
assert predict.experimental_get_tracing_count() == traces, "it was traced again"
assert slower["tf.random.set_seed"] > 5
assert slower["keras.utils.set_random_seed"] > 5
assert slower["Generator.reset_from_seed"] < slower["tf.random.set_seed"] / 3
print("as stated")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" -P "$folder/seed.py"
