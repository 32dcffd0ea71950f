"""Which controls there are, in words: what lists and refusals need, without what makes them."""

#: Names of the controls, each with a line for people.
KINDS: dict[str, str] = {
    "real": "other real videos: the floor of the scale",
    "static": "each clip's first frame repeated, or the last one given to the model (--context): no motion at all",
    "reversed": "each clip backwards",
    "shuffled": "each clip's frames in a seeded random order",
    "shifted": "each clip one frame late, its first frame twice",
    "blurred": "each frame blurred, sigma = height / 64 pixels",
    "noise": "each frame with Gaussian noise, sigma = 8 intensity levels of 255",
    "jpeg-95": "through JPEG of quality 95, 4:2:0",
    "jpeg-75": "through JPEG of quality 75, 4:2:0: StyleGAN-V's frames",
    "gif": "through gif, 256 colours per frame",
    "h264": "through H.264 at x264's own rate factor 23: torchvision's and most mp4",
    "mpeg4": "through MPEG-4 part 2 at quantiser 4: OpenCV's mp4v, UCF-101's avi",
}

#: Controls beside predictions, each of them made of the very video that was to be predicted.
OF_PREDICTIONS = ("static", "shifted", "blurred", "noise", "jpeg-75")
