"""Which peers can be used here: installed, and importable without any exception."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType


@dataclass(frozen=True)
class Peer:
    """A package: its name as installed, as imported, and what to do where it cannot be used."""

    distribution: str
    module: str
    remedy: str


PEERS = (
    Peer("dit", "dit", "pip install 'therml_exact[peers]'"),
    Peer("embo", "embo", "pip install 'therml_exact[peers]'"),
    Peer("infomeasure", "infomeasure", "pip install 'therml_exact[peers]'"),
    Peer("psitip", "psitip", "pip install --no-deps psitip: what is used here runs without its plotting and torch"),
    Peer(
        "benchmark-mi",
        "bmi",
        "it asks for numpy<2, pandas<2, jax<0.5 (and fails with jax>=0.4.34), against the extra `validation`; in an "
        "environment of its own: pip install benchmark-mi 'jax<0.4.34', therml_exact without that extra",
    ),
)


def load(peer: Peer) -> tuple[ModuleType | None, str]:
    """The module and its version; or None and why not."""
    try:
        version = metadata.version(peer.distribution)
    except metadata.PackageNotFoundError:
        return None, f"{peer.distribution}: not installed; {peer.remedy}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(peer.module)
    except Exception as error:  # whatever a peer raises when imported, it is not usable here
        told = " ".join(str(error).split())
        return None, f"{peer.distribution} {version}: not usable here: {type(error).__name__}: {told}; {peer.remedy}"
    return module, version
