"""VIDM (Mei and Patel, AAAI 2023): its networks, training and sampling."""
