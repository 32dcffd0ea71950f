"""Clips changed and prepared as a whole, all frames at once at their full size: plain, and hungry for memory."""

import io
from fractions import Fraction

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from vidmbench.core.seeding import generator
from vidmbench.detectors.resize import resized, resized_uint8
from vidmbench.detectors.resize_c3d import resized_for_c3d
from vidmbench.protocols.detector import load_detector

LINEAGES = {"c3d-tgan": "tgan", "c3d-tganv2": "tganv2"}
VIDEO_CODECS = {
    "h264": ("libx264", {"crf": "23", "x264-params": "asm=0"}),
    "mpeg4": ("mpeg4", {"qmin": "4", "qmax": "4"}),
}


def prepared_clip(frames, stage):
    """What a stage's network is fed of uint8 frames (time, height, width, 3)."""
    detector = load_detector(stage.detector)
    if stage.resize == "detector":
        return resized_for_c3d(frames, LINEAGES[detector.prepare])
    size = detector.input_size
    if stage.first_resize is not None:
        first = stage.first_resize.size
        frames = resized_uint8(frames, (first, first) if isinstance(first, int) else first, stage.first_resize.resize)
        frames = np.ascontiguousarray(frames[:, -(stage.first_resize.bottom_rows or 0) :])
    if stage.crop == "centre-square":
        side, (height, width) = min(frames.shape[1:3]), frames.shape[1:3]
        frames = frames[:, (height - side) // 2 :, (width - side) // 2 :][:, :side, :side]
    if stage.resize == "bicubic-pil-uint8":
        frames = resized_uint8(frames, (size, size), "bicubic-pil")
    x = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    x = {
        "-1..1": lambda: x * (2 / 255) - 1,
        "inception": lambda: (x - 128) / 128,
        "0..1": lambda: x / 255,
        "imagenet": lambda: (x / 255 - colours(0.485, 0.456, 0.406)) / colours(0.229, 0.224, 0.225),
        "clip": lambda: (
            (x / 255 - colours(0.48145466, 0.4578275, 0.40821073)) / colours(0.26862954, 0.26130258, 0.27577711)
        ),
        "0..255": lambda: x,
    }[stage.range]()
    height, width = frames.shape[1:3]
    if stage.crop != "short-side-centre":
        return resized(x, (size, 400 if stage.wide_input else size), stage.resize).permute(0, 2, 3, 1).numpy()
    new = (size, -(-width * size // height)) if height < width else (-(-height * size // width), size)
    x = resized(x, new, stage.resize)
    top, left = (new[0] - size) // 2, (new[1] - size) // 2
    return x[:, :, top : top + size, left : left + size].permute(0, 2, 3, 1).numpy()


def colours(*values):
    return torch.tensor(values).reshape(3, 1, 1)


def changed_clip(kind, frames, name, seed):
    """A control of uint8 frames (time, height, width, 3) of the video with this name."""
    if kind == "real":
        return frames
    if kind == "static":
        return np.repeat(frames[:1], len(frames), axis=0)
    if kind == "shifted":
        return np.concatenate([frames[:1], frames[:-1]])
    if kind == "reversed":
        return np.ascontiguousarray(frames[::-1])
    random = generator(seed, "shuffled" if kind == "shuffled" else "noise", name, len(frames))
    if kind == "shuffled":
        return frames[random.permutation(len(frames))]
    if kind == "noise":
        return rounded(frames + random.normal(0.0, 8.0, frames.shape).astype(np.float32))
    if kind == "blurred":
        sigma = frames.shape[1] / 64
        rows = gaussian_filter1d(frames.astype(np.float32), sigma, axis=1, mode="nearest")
        return rounded(gaussian_filter1d(rows, sigma, axis=2, mode="nearest"))
    if kind in VIDEO_CODECS:
        return through_video(frames, *VIDEO_CODECS[kind])
    return np.stack([through_picture(kind, frame) for frame in frames])


def rounded(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def through_picture(kind, frame):
    from PIL import Image

    if kind == "gif":
        return np.asarray(Image.fromarray(frame).quantize(256).convert("RGB"))
    packed = io.BytesIO()
    Image.fromarray(frame).save(packed, format="JPEG", quality=int(kind.removeprefix("jpeg-")))
    return np.asarray(Image.open(packed).convert("RGB"))


def through_video(frames, codec, options):
    import av

    height, width = frames.shape[1:3]
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    packed = io.BytesIO()
    with av.open(packed, "w", format="matroska") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.height, stream.width = even.shape[1:3]
        stream.pix_fmt, stream.codec_context.thread_count, stream.options = "yuv420p", 1, options
        for frame in even:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    packed.seek(0)
    with av.open(packed) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])[:, :height, :width]
