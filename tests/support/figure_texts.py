"""Where the words of a figure stand: none on another, none outside of the figure."""

from itertools import combinations

_TOUCH = 1.0  # pixels by which boxes may overlap: they are larger than their letters


def faults(figure):
    """Texts that overlap or are cut off, as a sorted list of words; empty for a figure that can be read."""
    from matplotlib.text import Text

    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    edges = figure.bbox
    boxes = []
    for text in figure.findobj(Text):
        if not text.get_text().strip() or not _is_seen(text):
            continue
        box = text.get_tightbbox(renderer) if hasattr(text, "get_tightbbox") else text.get_window_extent(renderer)
        if box is not None and box.width and box.height:
            boxes.append((text.get_text(), text.get_window_extent(renderer)))
    found = [
        f"cut: {words!r}"
        for words, box in boxes
        if box.x0 < edges.x0 - _TOUCH or box.x1 > edges.x1 + _TOUCH or box.y0 < edges.y0 - _TOUCH
        or box.y1 > edges.y1 + _TOUCH
    ]  # fmt: skip
    for (a, first), (b, second) in combinations(boxes, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        along = min(first.y1, second.y1) - max(first.y0, second.y0)
        if across > _TOUCH and along > _TOUCH:
            found.append(f"overlap: {a!r}, {b!r}")
    return sorted(found)


def _is_seen(artist):
    """Ticks beyond the ends of an axis are not drawn."""
    axes = artist.axes
    if not artist.get_visible():
        return False
    if axes is None:
        return True
    for axis in (axes.xaxis, axes.yaxis):
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        if any(artist in (tick.label1, tick.label2) for tick in ticks):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * (high - low)
            shown = [tick for tick in axis._update_ticks() if artist in (tick.label1, tick.label2)]
            return bool(shown) and low - slack <= shown[0].get_loc() <= high + slack
    return True


def caption_of(figure):
    """The small print at the foot, on one line; empty where there is none."""
    from matplotlib.text import Text

    found = [text.get_text() for text in figure.findobj(Text) if text.get_color() == "0.3"]
    assert len(found) <= 1
    return "".join(found).replace("\n", " ")
