"""Sound events: AudioSet scores over time, from one of two networks behind one interface."""

import json
from pathlib import Path
from typing import Protocol

import numpy as np

from xmodal.device import Device
from xmodal.models.quiet import quiet_transformers

SAMPLE_RATE = 16_000


class SoundModel(Protocol):
    """Scores stretches of sound.

    Attributes:
        labels: Class names, in the order of the scores.
        window_s: Length of the stretch that one row of scores is about, in seconds.
        hop_s: Seconds from one stretch to the next.
        nbytes: Memory the model takes.
    """

    labels: list[str]
    window_s: float
    hop_s: float
    nbytes: int

    def scores(self, samples: np.ndarray) -> np.ndarray:
        """float32 `(samples,)` at 16 kHz to probabilities `(stretches, classes)`; short input is padded."""


class YamNet:
    """YAMNet in 8 bits, run by onnxruntime (Google; AudioSet's first 521 classes).

    Args:
        folder: What the converter wrote: `model.onnx`, `labels.json`, `config.json`.
    """

    def __init__(self, folder: Path):
        import onnxruntime
        import torchaudio

        config = json.loads((folder / "config.json").read_text())
        self.labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
        self.config = config
        self.frames, self.hop_frames = config["patch_frames"], round(config["patch_hop_s"] / config["hop_s"])
        self.window_s, self.hop_s = self.frames * config["hop_s"], config["patch_hop_s"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.nbytes = sum(file.stat().st_size for file in folder.glob("model.*"))
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=SAMPLE_RATE,
            n_fft=512,
            win_length=round(config["window_s"] * SAMPLE_RATE),
            hop_length=round(config["hop_s"] * SAMPLE_RATE),
            f_min=config["mel_min_hz"],
            f_max=config["mel_max_hz"],
            n_mels=config["mel_bands"],
            power=1.0,
            center=False,
        )

    def scores(self, samples: np.ndarray) -> np.ndarray:
        """See `SoundModel.scores`."""
        import torch

        samples = _pad(samples, round((self.window_s + 0.03) * SAMPLE_RATE))
        mel = self.mel(torch.from_numpy(samples)).T.numpy()
        mel = np.log(mel + self.config["log_offset"])
        scale, zero = self.config["input_scale"], self.config["input_zero_point"]
        stored = np.clip(np.rint(mel / scale) + zero, 0, 255).astype(np.uint8)
        rows = []
        for start in range(0, len(stored) - self.frames + 1, self.hop_frames):
            patch = stored[None, None, start : start + self.frames]
            rows.append(self.session.run(None, {self.config["input_name"]: patch})[0][0])
        logits = (np.stack(rows).astype(np.float32) - self.config["output_zero_point"]) * self.config["output_scale"]
        return 1 / (1 + np.exp(-logits.clip(-50)))


class AudioSpectrogramTransformer:
    """MIT's AST (Hub; 527 AudioSet classes): more exact, much slower on a CPU.

    Args:
        folder: A transformers folder.
        device: Where and in what format to compute.
    """

    window_s = 10.24
    hop_s = 5.12
    _batch = 8

    def __init__(self, folder: Path, device: Device):
        from transformers import ASTFeatureExtractor, ASTForAudioClassification

        quiet_transformers()
        self.device = device
        model = ASTForAudioClassification.from_pretrained(folder, dtype=device.torch_dtype)
        self.model = model.to(device.name).eval()
        self.features = ASTFeatureExtractor.from_pretrained(folder)
        self.labels = [self.model.config.id2label[i] for i in range(self.model.config.num_labels)]
        self.nbytes = sum(p.numel() * p.element_size() for p in self.model.parameters())

    def scores(self, samples: np.ndarray) -> np.ndarray:
        """See `SoundModel.scores`."""
        import torch

        size, hop = round(self.window_s * SAMPLE_RATE), round(self.hop_s * SAMPLE_RATE)
        starts = range(0, max(len(samples) - size, 0) + hop, hop) if len(samples) > size else [0]
        stretches = [samples[start : start + size] for start in starts]
        stretches = [_pad(s, 400) for s in stretches if len(s) > hop // 2 or len(stretches) == 1]
        rows = []
        for at in range(0, len(stretches), self._batch):
            inputs = self.features(stretches[at : at + self._batch], sampling_rate=SAMPLE_RATE, return_tensors="pt")
            with torch.inference_mode():
                logits = self.model(inputs.input_values.to(self.device.name, self.device.torch_dtype)).logits
            rows.append(logits.float().sigmoid().cpu().numpy())
        return np.concatenate(rows)


def load_sound_model(folder: Path, device: Device) -> SoundModel:
    """The network that lies in the folder, told by its `config.json`."""
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    return YamNet(folder) if kind == "yamnet_onnx" else AudioSpectrogramTransformer(folder, device)


def _pad(samples: np.ndarray, size: int) -> np.ndarray:
    return np.pad(samples, (0, max(size - len(samples), 0))).astype(np.float32)
