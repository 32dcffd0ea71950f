"""The networks of VIDM."""
