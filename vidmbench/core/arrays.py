"""Names for the arrays that cross a boundary; the axis words are checked at run time in the tests."""

import numpy as np
from jaxtyping import Float32, Float64, UInt8

Image = UInt8[np.ndarray, "image_height image_width 3"]
Frames = UInt8[np.ndarray, "frame height width 3"]
Resized = UInt8[np.ndarray, "frame new_height new_width 3"]
Clips = UInt8[np.ndarray, "clip frame height width 3"]
Features = Float32[np.ndarray, "clip feature"]
Mean = Float64[np.ndarray, " feature"]
Covariance = Float64[np.ndarray, "feature feature"]
