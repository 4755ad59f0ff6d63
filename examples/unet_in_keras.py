# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A U-Net in Keras, block by block
#
# In this lesson you build a U-Net from three small blocks, train it on one photograph
# of a garage, and let it find the things in a second photograph that it has never seen.
# You need to know a little Python. You need not have built a network before.
#
# **Segmentation** gives every pixel of a picture a class: this pixel is *motorcycle*,
# that one is *floor*. A network learns it from examples: a picture together with a
# **mask**, a second picture of the same size in which somebody wrote down the class of
# each pixel. Training changes the numbers inside the network, a little at each step,
# until what it says about the example agrees with the mask; then it is asked about
# pictures that nobody has labelled.
#
# The U-Net ([Ronneberger, Fischer and Brox,
# 2015](https://doi.org/10.1007/978-3-319-24574-4_28)) is the network most often used
# for this. Everything below runs on a laptop without a graphics card; the run shown
# here took 4.5 minutes on two cores without other work.
#
# To run it yourself, `pip install napari-garage-unet matplotlib` and start `python
# unet_in_keras.py`, or open the notebook of the same name; both are in
# [`examples/`](../examples). In a clone of the repository, `make tutorial` runs all of
# it and makes this page anew.

# %%
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # keep TensorFlow's notes away

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from skimage import exposure, segmentation, transform

from napari_garage_unet import build_unet, load_model, model_from_keras, samples, train
from napari_garage_unet.engine.diagrams.draw import draw_network

# %% [markdown]
# The settings of the whole lesson, in one place. Larger widths and more epochs make the
# network better and the lesson longer.

# %% tags=["parameters"]
SIZE = 160  # side in pixels of the squares the network is trained on
WIDTHS = (16, 32, 64, 128, 256)  # channels of the four encoder blocks and the bottom
BATCH = 8  # squares per step
STEPS = 24  # steps per epoch
EPOCHS = 30  # of the network with nine classes
SIGMOID_EPOCHS = 6  # of the network with one class
STROKE_SECONDS = 30.0  # how long the network of the plugin learns, at the end
FOLDER = Path("tutorial")  # where files are written

# %%
keras.utils.set_random_seed(0)
FOLDER.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## 1. Two photographs and their masks
#
# Two cameras side by side photographed a garage with a motorcycle. The photographs come
# with scikit-image, the masks with this package. We train on the *left* photograph and
# keep the *right* one for the end. `lay_over` and `show` only draw; skip them if you
# like.

# %% alt="The left photograph of the garage and its mask in nine colours"
garage = samples.garage()
NAMES = [info.name for info in garage.classes]
COLORS = np.array(
    [(0, 0, 0)] + [tuple(bytes.fromhex(c.color[1:])) for c in garage.classes], np.uint8
)


def lay_over(photo: np.ndarray, labels: np.ndarray, strength: float = 0.6):
    """Mix the colours of the classes into a photograph; class 0 stays clear."""
    mixed = (1 - strength) * photo + strength * COLORS[labels]
    return np.where(labels[..., None] > 0, mixed, photo).astype(np.uint8)


def show(pictures: dict[str, np.ndarray], columns: int = 2) -> None:
    """Draw pictures with their titles, and the colours of the classes below."""
    rows = -(-len(pictures) // columns)
    high, wide = next(iter(pictures.values())).shape[:2]
    width, height = (2.7 * wide / high + 0.1) * columns, 2.98 * rows + 0.3
    figure, axes = plt.subplots(rows, columns, figsize=(width, height), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (title, picture) in zip(axes.flat, pictures.items(), strict=False):
        axis.imshow(picture)
        axis.set_title(title, fontsize=10)
    marks = [plt.Rectangle((0, 0), 1, 1, color=c / 255) for c in COLORS[1:]]
    figure.legend(marks, NAMES, loc="lower center", ncols=len(NAMES), fontsize=6.5)
    figure.tight_layout(rect=(0, 0.25 / height, 1, 1))
    plt.show()


show(
    {
        "left photograph, to learn from": garage.left,
        "its mask": lay_over(garage.left, garage.mask_left, 0.75),
    }
)
print("photograph:", garage.left.shape, garage.left.dtype)
print("mask:      ", garage.mask_left.shape, garage.mask_left.dtype)

# %% [markdown]
# A photograph is an array of height x width x 3 (red, green, blue), the mask one of
# height x width. In the mask 1 is *background* (the wall), 2 is *floor* and so on; 0
# means *not known*, and such pixels count nowhere.
#
# ## 2. The blocks
#
# ### The convolution block
#
# A **convolution** slides a window of 3 x 3 pixels over the picture. At each place it
# multiplies each value in the window with a weight, adds them up and writes down the
# sum. With one set of weights the result is bright where there is an edge, with another
# where there is a red spot. The weights are what is learnt. A layer with 16 `filters`
# has 16 such sets, so its result has 16 values per pixel, its **channels**.
# `padding="same"` adds a rim of zeros so that height and width stay as they are.
#
# **Batch normalisation** keeps the values in a range in which training is stable, and
# **ReLU** replaces negative values by 0: without such a bend, a hundred convolutions in
# a row could do no more than a single one. The block does all this twice.


# %%
def conv_block(x, filters: int):
    """Twice: 3x3 convolution, batch normalisation, ReLU."""
    for _ in range(2):
        x = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
    return x


image = keras.Input((SIZE, SIZE, 3))
print("conv block: ", image.shape, "->", conv_block(image, WIDTHS[0]).shape)

# %% [markdown]
# `None` stands for the number of pictures that go through together, the *batch*. The
# picture keeps its size and now has 16 channels instead of 3.
#
# ### The encoder block
#
# A window of 3 x 3 pixels is too small to recognise a motorcycle. **Max-pooling**
# halves the picture: of each 2 x 2 pixels only the largest value is kept. After it the
# same window covers twice the ground. The encoder block is a convolution block with
# max-pooling behind it, and it returns both: the halved picture goes down to the next
# block, the full one is kept for later (the **skip**).


# %%
def encoder_block(x, filters: int):
    """Apply a conv block and return its result and the same halved."""
    skip = conv_block(x, filters)
    return skip, keras.layers.MaxPooling2D(2)(skip)


skip, halved = encoder_block(image, WIDTHS[0])
print("encoder block:", image.shape, "-> skip", skip.shape, "and halved", halved.shape)

# %% [markdown]
# ### The decoder block
#
# Four encoder blocks leave 10 x 10 values of the 160 x 160 pixels. They say well *what*
# is there, and badly *where*. A decoder block goes one step back up: a **transposed
# convolution** doubles height and width, then the skip of the same size is put beside
# it. The skip knows where the edges are. A convolution block joins the two.


# %%
def decoder_block(x, skip, filters: int):
    """Double the size, put the skip beside it, apply a conv block."""
    x = keras.layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
    x = keras.layers.Concatenate()([x, skip])
    return conv_block(x, filters)


doubled = decoder_block(halved, skip, WIDTHS[0])
print("decoder block:", halved.shape, "and skip", skip.shape, "->", doubled.shape)

# %% [markdown]
# ## 3. The whole network
#
# Four encoder blocks down, a convolution block at the bottom, four decoder blocks up:
# drawn on paper it looks like a U. The last layer is a convolution of 1 x 1 pixel which
# turns the channels into one value per class.


# %%
def unet(input_shape=(SIZE, SIZE, 3), n_classes: int = 1, widths=WIDTHS):
    """Build the U-Net from its blocks."""
    inputs = x = keras.Input(input_shape, name="image")
    skips = []
    for filters in widths[:-1]:
        skip, x = encoder_block(x, filters)
        skips.append(skip)
    x = conv_block(x, widths[-1])
    for filters, skip in zip(reversed(widths[:-1]), reversed(skips), strict=True):
        x = decoder_block(x, skip, filters)
    x = keras.layers.Conv2D(n_classes, 1, name="logits")(x)
    kind = "sigmoid" if n_classes == 1 else "softmax"
    x = keras.layers.Activation(kind, name="probabilities")(x)
    return keras.Model(inputs, x, name="unet")


model = unet()
model.summary(line_length=96, print_fn=print)

# %% [markdown]
# Read it from top to bottom: the third number of each shape is what we asked for,
# height and width halve four times and come back. The picture says the same. (Keras has
# `plot_model` for this, which needs graphviz to be installed; `draw_network` does not.)

# %% alt="The network drawn as a U: four encoder blocks, a bottom, four decoder blocks"
draw_network(model, FOLDER / "model.png")
figure, axis = plt.subplots(figsize=(10, 6.2))
axis.imshow(plt.imread(FOLDER / "model.png"))
axis.axis("off")
figure.tight_layout()
plt.show()

# %% [markdown]
# The paper has 64, 128, 256, 512 and 1024 channels. That network would need an hour for
# what ours learns in minutes, so we take a quarter of each. The package ships the same
# network as `build_unet`:

# %%
shipped = build_unet((SIZE, SIZE, 3), widths=WIDTHS)
assert [w.shape for w in shipped.weights] == [w.shape for w in model.weights]
print(f"ours:             {model.count_params():>12,} weights")
print(f"build_unet:       {shipped.count_params():>12,} weights")
print(f"as in the paper:  {unet(widths=(64, 128, 256, 512, 1024)).count_params():>12,}")

# %% [markdown]
# ### Why sizes are multiples of 16
#
# Halving four times divides by 2 x 2 x 2 x 2 = 16. If 16 does not divide the size, a
# halving rounds down, the way up doubles the smaller number, and the skip no longer
# fits. Try it:

# %%
for size in (48, 80, 160, 256, 512, 161):
    try:
        shape = unet((size, size, 3)).output_shape
        print(f"{size} = 16 x {size / 16:g}: in {size} x {size}, out {shape[1:]}")
    except ValueError as error:
        print(f"{size} = 16 x {size / 16:g}: {str(error).split('.')[0]}.")

print("build_unet pads inside:", build_unet((161, 161, 3), widths=WIDTHS).output_shape)

# %% [markdown]
# ## 4. One node or many
#
# The last layer gives any number. An **activation** makes a probability of it.
#
# - One question, *motorcycle or not*: **one sigmoid node**. It gives a number from 0 to
#   1; above 0.5 we say motorcycle.
# - Many classes, *which of the nine*: one node per class and a **softmax**, which makes
#   all of them add up to 1. We say the class with the largest.

# %%
noise = np.random.default_rng(0).random((1, SIZE, SIZE, 3), np.float32)
one, many = unet(n_classes=1), unet(n_classes=len(NAMES))
print("sigmoid:", one.output_shape, "one pixel:", one(noise)[0, 0, 0].numpy())
total = many(noise)[0, 0, 0].numpy().sum()
print("softmax:", many.output_shape, f"one pixel adds up to {total:.3f}")

# %% [markdown]
# ## 5. Something to learn from
#
# One photograph is little. We make it last:
#
# - **scikit-image** stretches the brightness to 0..1 and makes copies of the photograph
#   and its mask that are turned a little and shrunk or enlarged, as another camera
#   might have seen them. What lies outside the photograph gets the class 0, *not
#   known*.
# - **`tf.data`** then cuts squares of 160 x 160 at random places out of the copies,
#   flips half of them, and changes colour and brightness a little, again and again,
#   while the network learns.
#
# A network can **overfit**: remember its examples and be no better on anything else. To
# see whether it does, some squares of the photograph are set aside: the network never
# learns from them, they are only used to look how good it is (the **validation**).


# %% alt="Six squares cut from turned and zoomed copies of the photograph"
def normalised(photo: np.ndarray) -> np.ndarray:
    """Stretch the brightness so that all but the extremes are from 0 to 1."""
    black, white = np.percentile(photo, (0.5, 99.5))
    stretched = exposure.rescale_intensity(
        photo.astype(np.float32), in_range=(black, white), out_range=(0, 1)
    )
    return stretched.reshape(*photo.shape[:2], -1).astype(np.float32)


def set_aside(mask: np.ndarray, *, side: int = 40, every: int = 8, seed: int = 0):
    """Split a mask: one to learn from and one, of random squares, to validate."""
    rows, columns = (-(-n // side) for n in mask.shape)
    squares = np.random.default_rng(seed).permutation(rows * columns) % every == 0
    aside = np.kron(squares.reshape(rows, columns), np.ones((side, side), bool))
    aside = aside[: mask.shape[0], : mask.shape[1]]
    return np.where(aside, 0, mask), np.where(aside, mask, 0)


def moved_copies(
    photo: np.ndarray,
    mask: np.ndarray,
    *,
    degrees: Sequence[float] = (-12, -4, 4, 12),
    zooms: Sequence[float] = (0.75, 0.9, 1.1, 1.35),
):
    """Yield the photograph and its mask, then turned and zoomed copies of both."""
    yield photo, mask
    middle = transform.AffineTransform(translation=np.array(mask.shape[::-1]) / 2)
    for angle in degrees:
        for zoom in zooms:
            move = transform.AffineTransform(scale=1 / zoom, rotation=np.radians(angle))
            change = middle.inverse + move + middle
            yield (
                transform.warp(photo, change, order=1, mode="reflect"),
                transform.warp(mask, change, order=0, preserve_range=True),
            )


def crops(
    photos: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    *,
    size: int = SIZE,
    batch: int = BATCH,
    colour: float = 0.15,
    turn: bool = False,
    seed: int = 0,
) -> tf.data.Dataset:
    """Endless batches of random squares: pictures and masks (0 = not known).

    `colour` is how much brightness and colour change; `turn` adds quarter turns and
    flips upside down, for pictures that have no up and down.
    """
    pairs = [
        np.dstack([photo, mask]).astype(np.float32)
        for photo, mask in zip(photos, masks, strict=True)
    ]
    random = tf.random.Generator.from_seed(seed)

    def square(number):
        pair = stacked[number % len(pairs)]
        room = tf.cast(tf.shape(pair)[:2] - size + 1, tf.float32)
        y, x = tf.unstack(tf.cast(random.uniform([2]) * room, tf.int32))
        pair = pair[y : y + size, x : x + size]
        chance = random.uniform([3])
        pair = tf.where(chance[0] < 0.5, pair[:, ::-1], pair)
        if turn:
            pair = tf.where(chance[1] < 0.5, pair[::-1], pair)
            pair = tf.where(chance[2] < 0.5, tf.transpose(pair, (1, 0, 2)), pair)
        picture, mask = pair[..., :-1], pair[..., -1]
        channels = picture.shape[-1]
        gain = random.uniform([channels], 1 - colour, 1 + colour)
        shift = random.uniform([], -colour, colour)
        gamma = random.uniform([], 1 - colour, 1 + 2 * colour)
        picture = tf.clip_by_value(picture * gain + shift, 0, 1) ** gamma
        return tf.ensure_shape(picture, (size, size, channels)), mask

    stacked = tf.constant(np.stack(pairs))
    numbers = tf.data.Dataset.range(len(pairs)).shuffle(len(pairs), seed=seed).repeat()
    return numbers.map(square).batch(batch).prefetch(2)


learn_mask, validation_mask = set_aside(garage.mask_left)
left = normalised(garage.left)
photos, masks = zip(*moved_copies(left, learn_mask), strict=True)
print(len(photos), "copies of the photograph to cut from")

squares = crops(photos, masks)
pictures, labels = next(iter(squares))
print("a batch:", pictures.shape, "and", labels.shape)
as_bytes = (pictures[:6].numpy() * 255).astype(np.uint8)
show(
    {
        f"square {n}": lay_over(picture, label, 0.35)
        for n, (picture, label) in enumerate(
            zip(as_bytes, labels[:6].numpy().astype(int), strict=True), start=1
        )
    },
    columns=3,
)

# %% [markdown]
# To validate we do not cut at random: the whole left photograph, square beside square,
# always the same, with the mask of the squares that were set aside.
#
# Where the mask says 0, nothing is to be learnt. Keras takes a **weight** for each
# pixel beside picture and mask: 1 where the class is known, 0 elsewhere. And it counts
# classes from 0, the mask counts from 1.


# %%
def tiles(height: int, width: int, size: int = SIZE, step: int = SIZE):
    """List the top left corners of squares that cover a picture."""
    return [
        (y, x)
        for y in sorted({*range(0, height - size, step), height - size})
        for x in sorted({*range(0, width - size, step), width - size})
    ]


def validation_squares(photo: np.ndarray, mask: np.ndarray, size: int = SIZE):
    """Cut a photograph and its mask into squares of which something is known."""
    corners = tiles(*mask.shape, size)
    cut = [np.s_[y : y + size, x : x + size] for y, x in corners]
    cut = [part for part in cut if mask[part].any()]
    return np.stack([photo[c] for c in cut]), np.stack([mask[c] for c in cut])


def which_class(pictures, mask):
    """Picture, class from 0, weight: what a network with a softmax learns from."""
    known = tf.cast(mask > 0, tf.float32)
    return pictures, tf.maximum(tf.cast(mask, tf.int32) - 1, 0), known


def is_motorcycle(pictures, mask):
    """Picture, 0 or 1, weight: what a network with one sigmoid node learns from."""
    yes = (mask == NAMES.index("motorcycle") + 1) | (mask == NAMES.index("wheel") + 1)
    return pictures, tf.cast(yes, tf.float32)[..., None], tf.cast(mask > 0, tf.float32)


validation = validation_squares(left, validation_mask)
known = (validation_mask > 0).sum()
print(f"{len(validation[0])} squares, {known:,} pixels to validate")

# %% [markdown]
# ## 6. Motorcycle or not
#
# `compile` says how the network is to learn:
#
# - the **loss** is the number that training makes smaller. Binary cross-entropy is
#   small when the network is sure and right, and large when it is sure and wrong;
# - the **optimiser** changes the weights: it finds out for each of them in which
#   direction the loss falls, and takes a step that way. Adam is a good choice nearly
#   always. The **learning rate** is the length of the step, long at first and shorter
#   towards the end;
# - the **accuracy** is only there for us to read: the share of the pixels that are
#   right.


# %%
def compile_for(model: keras.Model, loss: type, steps: int, rate: float = 2e-3) -> None:
    """Compile with Adam and a learning rate that falls to 0 along a cosine."""
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(
        optimizer=keras.optimizers.Adam(falling),
        loss=loss(reduction="mean_with_sample_weight"),
        weighted_metrics=["accuracy"],
    )


# %% [markdown]
# `fit` then does all the work: take a batch, compute the loss, change the weights, and
# so on. A round of `STEPS` steps is called an *epoch*; after each the network is
# validated. Three helpers look on:
#
# - `ModelCheckpoint` writes the network to a file whenever the validation was better
#   than ever before;
# - `EarlyStopping` ends the training when it has not got better for 15 epochs, and
#   keeps the best weights in memory;
# - the progress bar shows how far it is. You can stop at any time, with Ctrl-C or with
#   the stop button of the notebook: the best state so far is kept.


# %%
def fit_and_keep_the_best(
    model: keras.Model,
    path: Path,
    learn: tf.data.Dataset,
    validation: tf.data.Dataset,
    *,
    steps: int,
    epochs: int,
    patience: int = 15,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = 1,
) -> dict[str, list[float]]:
    """Train, write the best state to `path`, return what was measured each epoch."""
    history = keras.callbacks.History()
    best = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=patience, restore_best_weights=True
    )
    checkpoint = keras.callbacks.ModelCheckpoint(
        path, monitor="val_loss", save_best_only=True
    )
    try:
        model.fit(
            learn,
            steps_per_epoch=steps,
            epochs=epochs,
            validation_data=validation,
            callbacks=[history, best, checkpoint, *callbacks],
            shuffle=False,  # `crops` has done that
            verbose=verbose,
        )
    except KeyboardInterrupt:
        # The file may be half written, so write it again from the weights in memory.
        if best.best_weights is not None:
            model.set_weights(best.best_weights)
        model.save(path)
        print(f"\nStopped. The best state so far is in {path}.")
    return history.history


motorcycle = unet(n_classes=1)
compile_for(motorcycle, keras.losses.BinaryCrossentropy, SIGMOID_EPOCHS * STEPS)
fit_and_keep_the_best(
    motorcycle,
    FOLDER / "motorcycle.keras",
    squares.map(is_motorcycle),
    tf.data.Dataset.from_tensors(validation).map(is_motorcycle),
    steps=STEPS,
    epochs=SIGMOID_EPOCHS,
)

# %% [markdown]
# `accuracy` and `loss` are those of the squares it learns from, `val_accuracy` and
# `val_loss` those of the squares that were set aside. Now the right photograph. The
# network takes 160 x 160 pixels, the photograph has more, so we ask tile by tile:
# squares that overlap by half, and where several say something, what was said near the
# middle of a square counts more than what was said at its rim.


# %% alt="The right photograph, and the same with the motorcycle coloured"
def predict_tiles(model: keras.Model, photo: np.ndarray, size: int = SIZE):
    """Probabilities of each pixel of a photograph of any size, tile by tile."""
    height, width = photo.shape[:2]
    rim = size // 2
    padded = np.pad(photo, ((rim, rim), (rim, rim), (0, 0)), mode="reflect")
    hill = np.hanning(size + 2)[1:-1]
    weight = np.outer(hill, hill)[..., None].astype(np.float32)
    corners = tiles(*padded.shape[:2], size, rim)
    squares = np.stack([padded[y : y + size, x : x + size] for y, x in corners])
    found = model.predict(squares, batch_size=BATCH, verbose=0)
    total = np.zeros((*padded.shape[:2], found.shape[-1]), np.float32)
    weights = np.zeros((*padded.shape[:2], 1), np.float32)
    for (y, x), square in zip(corners, found, strict=True):
        total[y : y + size, x : x + size] += weight * square
        weights[y : y + size, x : x + size] += weight
    return (total / weights)[rim : rim + height, rim : rim + width]


right = normalised(garage.right)
found = predict_tiles(motorcycle, right)[..., 0] > 0.5
truth = is_motorcycle(right, garage.mask_right)[1].numpy()[..., 0] > 0.5
known = garage.mask_right > 0
print(f"motorcycle or not: {(found == truth)[known].mean():.1%} right")
print(f"'never a motorcycle' would be right in {1 - truth[known].mean():.1%}")

red = np.where(found, NAMES.index("motorcycle") + 1, 0)
show(
    {
        "right photograph": garage.right,
        "motorcycle, says the network": lay_over(garage.right, red),
    }
)

# %% [markdown]
# Always compare with the simplest answer there is. An accuracy of 80 % says nothing
# when 80 % of the pixels are no motorcycle.
#
# ## 7. Nine classes
#
# The same with a softmax. Nine classes are harder than one, so it gets more epochs.

# %%
model = unet(n_classes=len(NAMES))
compile_for(model, keras.losses.SparseCategoricalCrossentropy, EPOCHS * STEPS)
history = fit_and_keep_the_best(
    model,
    FOLDER / "garage.keras",
    squares.map(which_class),
    tf.data.Dataset.from_tensors(validation).map(which_class),
    steps=STEPS,
    epochs=EPOCHS,
)

# %% [markdown]
# The curves tell how it went. The loss has to fall and the accuracy to rise. When the
# curve of the squares that were set aside turns round while the other goes on, the
# network has begun to overfit; the checkpoint is from before that.

# %% alt="Loss and accuracy over the epochs"
figure, (left_axis, right_axis) = plt.subplots(1, 2, figsize=(9, 3.2))
for axis, measure in ((left_axis, "loss"), (right_axis, "accuracy")):
    epochs = np.arange(1, len(history[measure]) + 1)
    axis.plot(epochs, history[measure], label="learnt from")
    axis.plot(epochs, history[f"val_{measure}"], label="set aside")
    best_epoch = 1 + int(np.argmin(history["val_loss"]))
    axis.axvline(best_epoch, color="0.8", label="checkpoint")
    axis.set(xlabel="epoch", title=measure)
left_axis.legend()
figure.tight_layout()
plt.show()

# %% [markdown]
# ## 8. A photograph it has never seen
#
# Load the checkpoint, as you would another day, and ask it about the right photograph.

# %% alt="The right photograph, the answer of the network, the mask, and the mistakes"
best = keras.models.load_model(FOLDER / "garage.keras")
probabilities = predict_tiles(best, right)
found = probabilities.argmax(axis=-1) + 1
wrong = known & (found != garage.mask_right)
show(
    {
        "right photograph": garage.right,
        "what the network says": lay_over(garage.right, found),
        "the mask": lay_over(garage.right, garage.mask_right),
        "where it is wrong (pink)": np.where(
            wrong[..., None], np.uint8([255, 0, 255]), garage.right
        ),
    }
)


# %% [markdown]
# ### How good is it?
#
# The **accuracy** is the share of the pixels that are right. It forgives mistakes in
# small classes, so one looks at each class as well: the **intersection over union**
# (IoU) is the number of pixels that are in both, the truth and the answer, divided by
# the number that are in one of them. 1 is perfect, 0 is nothing in common.


# %%
def confusion(truth: np.ndarray, found: np.ndarray, n_classes: int) -> np.ndarray:
    """Count pixels: a row for each true class, a column for each found one."""
    known = truth > 0
    pairs = (truth[known].astype(int) - 1) * n_classes + found[known].astype(int) - 1
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def accuracy_and_iou(table: np.ndarray):
    """Accuracy and the IoU of each class, from a confusion matrix."""
    both = np.diag(table)
    either = table.sum(axis=0) + table.sum(axis=1) - both
    return both.sum() / table.sum(), both / np.maximum(either, 1)


table = confusion(garage.mask_right, found, len(NAMES))
accuracy, iou = accuracy_and_iou(table)
print(f"right photograph: accuracy {accuracy:.3f}, mean IoU {iou.mean():.3f}")
for name, value in zip(NAMES, iou, strict=True):
    print(f"  {name:12} {value:.3f}  {'#' * round(40 * value)}")

# %% [markdown]
# What is rare in the mask, like the bicycle that stands half hidden at the left, is
# learnt last, and 30 epochs may be too few for it.
#
# The **confusion matrix** shows which class was taken for which: each row is a true
# class, and says where its pixels went. What lies off the diagonal is wrong.

# %% alt="The confusion matrix of the right photograph"
shares = table / table.sum(axis=1, keepdims=True)
figure, axis = plt.subplots(figsize=(6.2, 5.2))
axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
for row, column in np.ndindex(shares.shape):
    if shares[row, column] >= 0.005:
        ink = "white" if shares[row, column] > 0.5 else "black"
        text = f"{100 * shares[row, column]:.0f}"
        axis.text(column, row, text, ha="center", va="center", color=ink, fontsize=8)
axis.set_xticks(range(len(NAMES)), NAMES, rotation=45, ha="right")
axis.set_yticks(range(len(NAMES)), NAMES)
axis.set(xlabel="the network says", ylabel="it is", title="percent of the true class")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## 9. Into napari
#
# `model_from_keras` puts the network into a `.garage` file, together with the names of
# the classes and with what is done to the brightness. *Segment* and *Thresholds* of the
# plugin open it, and so does `garage-unet segment` on the command line.

# %%
model_from_keras(best, garage.classes).save(FOLDER / "garage.garage")
opened = load_model(FOLDER / "garage.garage")
in_napari = opened.segment(garage.right)
print(f"the same class in {(in_napari == found).mean():.1%} of the pixels,")
print(f"accuracy {(in_napari == garage.mask_right)[known].mean():.3f}")

# %% [markdown]
# Not in all of them, because the plugin computes large tiles and cuts off their rims,
# where we mixed small ones.
#
# ## 10. The same from a few strokes
#
# A mask of a whole photograph is hours of work. The plugin asks for strokes instead,
# and its network has seen many pictures before: it brings an encoder that knows edges,
# textures and shapes, and only learns what *your* classes are
# ([how](../docs/method.md)).

# %% alt="Mask and strokes on the left, and what was learnt from each on the right"
from_strokes = train(
    garage.left,
    garage.strokes,
    classes=garage.classes,
    seconds=STROKE_SECONDS,
    seed=0,
)
stroked = from_strokes.segment(garage.right)
accuracies = {}
for name, answer in {"U-Net, mask": found, "plugin, strokes": stroked}.items():
    table = confusion(garage.mask_right, np.maximum(answer, 1), len(NAMES))
    accuracies[name], iou = accuracy_and_iou(table)
    print(f"{name:16} accuracy {accuracies[name]:.3f}, mean IoU {iou.mean():.3f}")
painted = (garage.strokes > 0).mean() / (garage.mask_left > 0).mean()
print(f"the strokes are {painted:.1%} of the pixels of the mask")

thick = segmentation.expand_labels(garage.strokes, 2)
show(
    {
        "what the U-Net learnt from": lay_over(garage.left, learn_mask),
        "what the plugin learnt from": lay_over(garage.left, thick, 1),
        f"U-Net: {accuracies['U-Net, mask']:.1%} right": lay_over(garage.right, found),
        f"plugin: {accuracies['plugin, strokes']:.1%} right": lay_over(
            garage.right, stroked
        ),
    }
)

# %% [markdown]
# ## What to try next
#
# - Larger `WIDTHS` and more `EPOCHS`.
# - Leave out what `crops` does to the colours, or the turned copies, and see the two
#   curves part: the network overfits.
# - Your own photograph and mask: `photos` and `masks` are lists of arrays.
# - `make demo` opens napari with the strokes of the garage.
