"""What is measured on the real data sets: which networks on which data, and where plans, runs and records of them lie."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "runs" / "results"
RECORDS = ROOT / "docs" / "results" / "records"
MOSAIC = RECORDS / "mosaic.json"
LARGE = RECORDS / "large-image.json"
EXPORTS = RECORDS / "exports.json"
MASKWRIGHT = (sys.executable, "-c", "from maskwright.cli.main import run; run()")


@dataclass(frozen=True)
class Data:
    """A data set and what has to be said of it."""

    name: str
    title: str
    options: tuple[str, ...]


DATA = (
    Data(
        "camvid",
        "Street scenes (CamVid, every 8th image)",
        ("--ignore", "11", "--class-names", "sky,building,pole,road,pavement,tree,sign_symbol,fence,car,pedestrian,bicyclist"),
    ),
    Data("oxford_pets_26", "Cats and dogs (26 of the Oxford pets)", ("--ignore", "255", "--class-names", "background,cat,dog")),
    Data("isbi2012_em", "Membranes in electron microscopy (ISBI 2012)", ("--class-names", "cell,membrane")),
    Data(
        "dubai_aerial",
        "Aerial images of Dubai",
        ("--ignore", "0", "--class-names", "building,land,road,vegetation,water"),
    ),
    Data("dsb2018_nuclei", "Nuclei of four image types (DSB 2018), as semantic", ("--class-names", "background,nucleus")),
)

# What is compared on every data set but the last; the first is also told in detail.
LITE = ("--encoder", "efficientnet-lite0")
NETWORKS = {
    "unet-plain": ("--model", "unet", "--encoder", "plain"),
    "unet-lite0": ("--model", "unet", *LITE),
    "unet-lite0-fresh": ("--model", "unet", *LITE, "--encoder-weights", "none"),
    "unet-resnet34": ("--model", "unet", "--encoder", "resnet34"),
    "fcn-32s": ("--model", "fcn-32s", *LITE),
    "fcn-16s": ("--model", "fcn-16s", *LITE),
    "fcn-8s": ("--model", "fcn-8s", *LITE),
    "deeplabv3": ("--model", "deeplabv3", *LITE),
    "deeplabv3+": ("--model", "deeplabv3+", *LITE),
}
QUESTIONS = {  # what of two networks that differ in this alone the first has over the second
    "ImageNet weights over fresh ones, in the U-Net": ("unet-lite0", "unet-lite0-fresh"),
    "FCN: one skip (16s) over none (32s)": ("fcn-16s", "fcn-32s"),
    "FCN: two skips (8s) over one (16s)": ("fcn-8s", "fcn-16s"),
    "DeepLab: with a decoder (v3+) over without (v3)": ("deeplabv3+", "deeplabv3"),
    "On one encoder: DeepLabv3+ over U-Net": ("deeplabv3+", "unet-lite0"),
}
ONLY_PLAIN = ("dsb2018_nuclei",)
OBJECTS = "instances"  # of the nuclei, found as the plan chooses
OBJECT_BUDGET = "15min"
FRESH = ("camvid", "oxford_pets_26")  # what pretrained weights are worth is measured on photographs


@dataclass(frozen=True)
class Experiment:
    """One network on one data set."""

    data: Data
    network: str

    @property
    def name(self) -> str:
        return f"{self.data.name}-{self.network}"

    @property
    def reading(self) -> tuple[str, ...]:
        """What is said of the data; as objects they say enough themselves."""
        return () if self.network == OBJECTS else self.data.options

    @property
    def options(self) -> tuple[str, ...]:
        """What is said to `maskwright plan` beside the budget."""
        return ("--task", "instance") if self.network == OBJECTS else (*self.reading, *NETWORKS[self.network])

    @property
    def plan(self) -> Path:
        return RUNS / "plans" / f"{self.name}.json"

    @property
    def run(self) -> Path:
        return RUNS / self.name

    @property
    def record(self) -> Path:
        return RECORDS / f"{self.name}.json"


EXPERIMENTS = [
    Experiment(data, network)
    for data in DATA
    for network in NETWORKS
    if network == "unet-plain" or (data.name not in ONLY_PLAIN and (not network.endswith("fresh") or data.name in FRESH))
]  # fmt: skip
NUCLEI = Experiment(DATA[-1], OBJECTS)


def maskwright(*arguments: str | Path) -> None:
    subprocess.run([*MASKWRIGHT, *map(str, arguments)], check=True)
