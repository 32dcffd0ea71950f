"""Small packages with the names of official repositories, for the exporters to run in.

Their networks draw from torch's generator, so that a test can tell what a seed must give, and check what they are told.
"""

# Kills the process at the n-th picture, in the midst of a video.
DYING = """
import os, signal
from PIL import Image
left, save = int(os.environ.get("DIES_AT_PICTURE", "0")), Image.Image.save
def dying(self, *args, **keywords):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return save(self, *args, **keywords)
Image.Image.save = dying
"""
OPEN_URL = "class util:\n    open_url = staticmethod(lambda path: open(path, 'rb'))\n"

OFFICIAL = {
    "stylegan-v": {
        "src/__init__.py": "",
        "src/training/__init__.py": "",
        "src/dnnlib.py": OPEN_URL,
        "src/legacy.py": """
import dying
class Network:
    z_dim, c_dim = 4, 3
    def to(self, device): return self
    def eval(self): return self
def load_network_pkl(stream):
    assert stream.read() == b"weights"
    return {"G_ema": Network()}
""",
        "src/training/logging.py": """
import torch
def generate_videos(G, z, c, ts, motion_z=None, noise_mode="const", truncation_psi=1.0, verbose=False, as_grids=False,
                    batch_size_num_frames=100):
    assert z.shape == (1, 4) and c.shape == (1, 3) and c.sum() == 1 and truncation_psi == 1 and noise_mode == "const"
    assert ts.tolist() == [[0.0, 1.0, 2.0, 3.0]]
    return torch.rand(1, 4, 3, 5, 6)
""",
    },
    "digan": {
        "src/dnnlib.py": OPEN_URL,
        "src/training/__init__.py": "",
        "src/legacy.py": """
import dying
class Old:
    z_dim = 4
    def to(self, device): return self
    def eval(self): return self
    def __call__(self, *args, **keywords): return self.forward(*args, **keywords)
    def forward(self): raise AssertionError("the forward of the pickle")
def load_network_pkl(stream):
    return {"G_ema": Old()}
""",
        "src/training/networks.py": """
import torch
class Generator:
    def forward(self, z, c, timesteps=None, noise_mode=None):
        assert z.shape == (1, 4) and c is None and noise_mode == "const"
        return torch.rand(timesteps, 3, 5, 6) * 2.2 - 1.1, None
""",
    },
    "mocogan-hd": {
        "options/__init__.py": "",
        "models/__init__.py": "",
        "options/test_options.py": """
import argparse
class TestOptions:
    def parse(self, save=True):
        parser = argparse.ArgumentParser()
        for name, default in dict(img_g_weights="", load_pretrain_path=".", save_pca_path="pca").items():
            parser.add_argument("--" + name, default=default)
        for name, default in dict(latent_dimension=4, style_gan_size=8, n_mlp=8, n_frames_G=3, h_dim=2, n_pca=2,
                                  load_pretrain_epoch=-1).items():
            parser.add_argument("--" + name, type=int, default=default)
        parser.add_argument("--w_residual", type=float, default=0.2)
        parser.add_argument("--interpolation", action="store_true")
        print("---- Options ----")
        return parser.parse_args()
""",
        "models/models.py": """
import dying, torch
def create_model(opt):
    assert opt.img_g_weights == "network.pkl" and opt.load_pretrain_epoch == 7
    def network(styles, n_frame, use_noise, interpolation):
        assert styles[0].shape == (1, 4) and not use_noise and not interpolation
        return torch.rand(n_frame, 3, 8, 8) * 2.2 - 1.1, None, None
    return network
""",
        "modelR_epoch_7.pth": "motion",
        "pca/pca_comp.npy": "comp",
        "pca/pca_stdev.npy": "stdev",
    },
    "videogpt": {
        "videogpt/__init__.py": """
import dying, torch
from types import SimpleNamespace
class VideoGPT:
    hparams = {"args": SimpleNamespace(n_cond_frames=0, class_cond=True, class_cond_dim=5, vqvae="ucf101_stride4x4x4")}
    @classmethod
    def load_from_checkpoint(cls, path): return cls()
    def to(self, device): return self
    def eval(self): return self
    def sample(self, n, batch=None):
        assert n == 1 and batch["label"].shape == (1,)
        return torch.rand(1, 3, 4, 5, 6)
""",
    },
    "tats": {
        "tats/modules/__init__.py": "",
        "tats/modules/gpt.py": """
import torch
def sample_with_past(x, model, steps, temperature=1.0, sample_logits=True, top_k=None, top_p=None):
    assert model == "transformer" and (top_k, top_p, temperature, sample_logits) == (2048, 0.92, 1.0, True)
    return torch.randint(0, 40, (1, steps)) + x
""",
        "tats/__init__.py": """
import dying, torch
from types import SimpleNamespace
def decode(tokens):
    assert tokens.shape == (1, 2, 3, 4)
    return tokens.float().reshape(1, 1, 2, 3, 4).repeat(1, 3, 1, 1, 1) / 40 - 0.55
class Transformer:
    class_cond_dim, transformer = 5, "transformer"
    first_stage_model = SimpleNamespace(latent_shape=(2, 3, 4), n_codes=39, decode=decode)
    def to(self, device): return self
    def eval(self): return self
def load_transformer(gpt_ckpt, vqgan_ckpt):
    assert (gpt_ckpt, vqgan_ckpt) == ("network.pkl", "vqgan.ckpt")
    return Transformer()
""",
        "vqgan.ckpt": "vqgan",
    },
}
