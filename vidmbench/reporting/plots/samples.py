"""Videos side by side: a contact sheet as the paper's Figures 3 and 4, or a labelled mp4 or gif."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from vidmbench.core.arrays import Frames, Image, Resized
from vidmbench.reporting.plots.strips import strip_of
from vidmbench.reporting.plots.style import PAGE, axes_at, label_of, new_figure, styled, text_at, text_height, wrapped
from vidmbench.reporting.plots.video_inputs import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches: the column of labels, the line of frame numbers, between videos of a source, between sources.
_NAMES, _NUMBERS, _GAP, _BREAK = 1.15, 0.25, 0.03, 0.1
# Pixels of a labelled video: the least height of a tile, around it, the letters of its label.
_TILE, _BORDER, _LETTERS = 128, 6, 14


@styled
def samples_figure(shown: Sequence[Shown], every: int, caption: str = "") -> "Figure":
    """Rows of frames: for each source its videos, for each video its frames from left to right.

    Args:
        shown: The sources, in the order of the rows.
        every: Shows frame 0 and every so many after it.
        caption: The text below the figure.

    Returns:
        A figure a page wide; a video an axes, pixels uncut and unsmoothed, the numbers of the frames above.
    """
    positions = range(0, max(len(video) for source in shown for video in source.videos), every)
    across = PAGE - _NAMES - 0.05
    groups = [[strip_of(video, positions) for video in source.videos] for source in shown]
    heights = [[across * strip.shape[0] / strip.shape[1] for strip in group] for group in groups]
    tall = _NUMBERS + sum(sum(group) + _GAP * (len(group) - 1) + _BREAK for group in heights)
    figure = new_figure(PAGE, tall + text_height(caption, PAGE) + 0.05, constrained=False)
    text_at(figure, 0.05, 0.2, "frame")
    for number, position in enumerate(positions):
        text_at(figure, _NAMES + (number + 0.5) * across / len(positions), 0.2, str(position), ha="center")
    top = _NUMBERS
    for source, group, sizes in zip(shown, groups, heights, strict=True):
        middle = top + (sum(sizes) + _GAP * (len(sizes) - 1)) / 2
        text_at(figure, 0.05, middle, label_of(source.label, _NAMES - 0.1), va="center")
        for strip, height in zip(group, sizes, strict=True):
            axis = axes_at(figure, _NAMES, top, across, height)
            axis.imshow(strip, interpolation="nearest", aspect="auto")
            axis.axis("off")
            top += height + _GAP
        top += _BREAK - _GAP
    text_at(figure, 0.05, tall, "\n".join(wrapped(caption, PAGE - 0.12)), va="top", color="0.3")
    return figure


def samples_video(shown: Sequence[Shown]) -> Frames:
    """The same videos playing side by side: one column per source with its label on top, one row per video.

    Args:
        shown: The sources, from left to right.

    Returns:
        uint8 (frame, height, width, 3). Small videos are enlarged by whole factors, so that no pixel is smoothed; a
        video that has ended keeps its last frame.
    """
    from PIL import ImageFont

    font: Any = ImageFont.load_default(_LETTERS)
    tallest = max(_TILE, *(video.shape[1] for source in shown for video in source.videos))
    length = max(len(video) for source in shown for video in source.videos)
    columns = []
    for source in shown:
        tiles = [_enlarged(video, tallest) for video in source.videos]
        width = max(tile.shape[2] for tile in tiles) + 2 * _BORDER
        label = _label(source.label, width, font)
        bodies = [_on_white(_lasting(tile, length), tallest + 2 * _BORDER, label.shape[1]) for tile in tiles]
        columns.append(np.concatenate([np.repeat(label[None], length, 0), *bodies], axis=1))
    video: Frames = np.concatenate(columns, axis=2)
    return video


def _enlarged(video: Frames, tallest: int) -> Resized:
    factor = max(1, tallest // video.shape[1])
    larger: Resized = video.repeat(factor, axis=1).repeat(factor, axis=2)
    return larger


def _lasting(video: Frames, length: int) -> UInt8[np.ndarray, "new_length height width 3"]:
    return video[np.minimum(np.arange(length), len(video) - 1)]


def _on_white(video: Frames, height: int, width: int) -> Resized:
    """In the middle of a white tile."""
    tile = np.full((len(video), height, width, 3), 255, np.uint8)
    top, left = (height - video.shape[1]) // 2, (width - video.shape[2]) // 2
    tile[:, top : top + video.shape[1], left : left + video.shape[2]] = video
    return tile


def _label(text: str, width: int, font: Any) -> Image:
    """Black words on white, uint8 (height, width, 3); wider than asked where the words need it."""
    import PIL.Image
    import PIL.ImageDraw

    wide = max(width, int(np.ceil(font.getlength(text))) + 2 * _BORDER)
    picture = PIL.Image.new("RGB", (wide, 2 * _LETTERS), "white")
    draw = PIL.ImageDraw.Draw(picture)
    draw.text((wide / 2, _LETTERS), text, fill="black", font=font, anchor="mm")
    label: Image = np.asarray(picture)
    return label
