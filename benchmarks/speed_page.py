"""docs/results/speed.md and its figure, from the records of the benchmarks of speed alone."""

from typing import Any

import matplotlib as mpl
from experiments import ROOT
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from pairs import record_of

from maskwright.base.files import atomic_path, atomic_write, read_json

PAGE, FIGURE = ROOT / "docs" / "results" / "speed.md", ROOT / "docs" / "images" / "speed-growth.svg"
PARTS = ("prediction", "training", "scores", "growth", "scenes")
PREDICTION_AIM, TRAINING_AIM = 1.5, 3.0  # times as fast, of the U-Net
OTHERS, OWN = "#999999", "#0072b2"


def main() -> None:
    """Write the page; what was not measured yet is left out."""
    found = {part: read_json(record_of(part)) for part in PARTS if record_of(part).exists()}
    sections = {
        "prediction": prediction, "training": training, "scores": scores, "growth": growth, "scenes": scenes,
    }  # fmt: skip
    lines = [
        "# Speed",
        "",
        "Measured and written by `make bench`; nothing here is typed by hand. What a person would have otherwise runs in turns "
        "with maskwright, in the same minutes on the same machine. Times are medians; a ratio is that within one turn, given "
        "as the median of all turns and from the least to the most.",
        "",
        *machines(found),
    ]
    for part, measured in found.items():
        lines += ["", *sections[part](measured)]
    atomic_write(PAGE, "\n".join(lines) + "\n")
    if "growth" in found:
        figure(found["growth"])


def machines(found: dict[str, dict[str, Any]]) -> list[str]:
    """What each part was measured on; said once where that is one machine."""
    told: dict[str, list[str]] = {}
    for part, measured in found.items():
        about = measured["environment"]
        words = (
            f"{about['processor']}, {about['cores']} cores, {about['memory_gb']:g} GB of memory, "
            f"{counted(about['threads'])} of torch {about['torch']}, Python {about['python']}, {about['platform']}"
        )
        told.setdefault(words, []).append(part)
    if len(told) == 1:
        return [f"The machine: {next(iter(told))}."]
    return [f"- {', '.join(parts)}: {words}" for words, parts in told.items()]


def counted(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def prediction(measured: dict[str, Any]) -> list[str]:
    side = measured["side"]
    lines = [
        "## Prediction, from PNG files to PNG masks",
        "",
        f"`benchmarks/speed_prediction.py`: {measured['images']} images of {side} x {side} pixels, read, predicted by the same "
        "trained network, and written. The plain side is a loop as a tutorial has it: one forward pass an image in eager "
        f"float32 PyTorch. OpenVINO is {measured['openvino'] or 'not installed'}.",
        "",
        "| network, runtime | precision | plain, images/s | maskwright, images/s | times as fast | says the same |",
        "|---|---|---|---|---|---|",
    ]
    for row in measured["rows"]:
        kind = "objects" if row["what"].startswith("Mask R-CNN") else "pixels"
        lines.append(
            f"| {row['what']} | {row['precision']} | {row['other']:.3g} | {row['own']:.3g} | {ratio(row)} "
            f"| {row['agreement']:.2%} of {kind} |"
        )
    best = max(row["times_faster"] for row in measured["rows"] if row["what"].startswith("U-Net"))
    return [*lines, "", aim(f"The U-Net {PREDICTION_AIM:g} times as fast", best, PREDICTION_AIM)]


def training(measured: dict[str, Any]) -> list[str]:
    watched = measured["watched"]
    return [
        "## Training",
        "",
        "`benchmarks/speed_training.py`: the same network, loss and crops. The plain side is a loop in eager float32 PyTorch "
        "that is handed its crops; maskwright makes them, clips gradients, averages weights and saves its state within the "
        "time.",
        "",
        "| network | precision | plain, samples/s | maskwright, samples/s | times as fast |",
        "|---|---|---|---|---|",
        *(
            f"| {row['what']} | {row['precision']} | {row['other']:.3g} | {row['own']:.3g} | {ratio(row)} |"
            for row in measured["rows"]
        ),
        "",
        aim(f"The U-Net {TRAINING_AIM:g} times as fast", measured["rows"][0]["times_faster"], TRAINING_AIM),
        "",
        f"Where the time of a whole training of the {watched['network']} goes, {watched['steps']} steps and "
        f"{watched['validations']} validations in {watched['seconds']:.0f} s:",
        "",
        "| spent on | seconds | share |",
        "|---|---|---|",
        *(
            f"| {part} | {seconds:.1f} | {seconds / watched['seconds']:.1%} |"
            for part, seconds in sorted(watched["parts"].items(), key=lambda item: -item[1])
        ),
        "",
        f"Crops are made in the background meanwhile: {1000 * watched['making_crops'] / watched['samples']:.1f} ms each, of "
        f"one core. Of what is worked out in forward and backward passes and by the optimizer, "
        f"{', '.join(f'{share:.0%} is {kind}' for kind, share in watched['kinds'].items())}.",
    ]


def scores(measured: dict[str, Any]) -> list[str]:
    worst = max(row["difference"] for row in measured["rows"])
    return [
        "## Scores and measures",
        "",
        "`benchmarks/speed_scores.py`: seconds of one core, from what each side holds in memory. panopticapi is in no package "
        f"registry; its algorithm is written out in the benchmark. The numbers differ by at most {worst:.0e}.",
        "",
        "| what | beside | its s | maskwright, s | times as fast |",
        "|---|---|---|---|---|",
        *(
            f"| {row['what']} | {row['theirs']} | {row['other']:.3g} | {row['own']:.3g} | {ratio(row)} |"
            for row in measured["rows"]
        ),
    ]


def growth(measured: dict[str, Any]) -> list[str]:
    return [
        "## Growth",
        "",
        f"`benchmarks/speed_growth.py`: a U-Net over images in memory; objects on an image of {measured['side']} x "
        f"{measured['side']} pixels, found in maps (scikit-image: a watershed from all seeds) and compared with as many "
        "(pycocotools: the table of all IoUs); processes that share images.",
        "",
        f"![Seconds against pixels, objects and workers](../images/{FIGURE.name})",
        "",
        "| what | beside | its s | maskwright, s | times as fast |",
        "|---|---|---|---|---|",
        *(
            f"| {row['what']} | {row['theirs']} | {row['other']:.3g} | {row['own']:.3g} | {ratio(row)} |"
            for kind in ("pixels", "found", "matched")
            for row in measured[kind]
        ),
        "",
        f"| processes that predict {measured['shared']} images of 512 x 512 pixels, start and all | images/s | beside one |",
        "|---|---|---|",
        *(f"| `--workers {row['size']}` | {row['own']:.2f} | {ratio(row)} |" for row in measured["workers"]),
    ]


def scenes(measured: dict[str, Any]) -> list[str]:
    height, width = measured["size_hw"]
    return [
        "## Synthetic data",
        "",
        f"`benchmarks/speed_scenes.py`: scenes of {height} x {width} pixels that one core draws in a second.",
        "",
        "| recipe | images a second |",
        "|---|---|",
        *(f"| `{row['recipe']}` | {row['images_per_second']:.0f} |" for row in measured["rows"]),
    ]


def ratio(row: dict[str, Any]) -> str:
    """A ratio and how it varied."""
    middle = f"{row['times_faster']:.2f}"
    return f"{middle} ({row['from']:.2f} to {row['to']:.2f})" if row["turns"] > 1 else middle


def aim(words: str, reached: float, wanted: float) -> str:
    """Whether what was aimed at was reached."""
    return f"The aim: {words[0].lower()}{words[1:]}. {'Reached' if reached >= wanted else 'Not reached'}: {reached:.2f} times."


def figure(measured: dict[str, Any]) -> None:
    """Seconds against what they grow with; both axes are logarithmic, but for workers."""
    with mpl.rc_context({"svg.hashsalt": "maskwright", "font.size": 9, "figure.facecolor": "white"}):
        drawn, panels = plt.subplots(1, 4, figsize=(12, 3), layout="constrained")
        for panel, kind, title, grows in zip(
            panels, ("pixels", "found", "matched"), ("a U-Net's prediction", "objects found in maps", "masks compared"),
            ("megapixels", "objects", "objects on each side"), strict=False,
        ):  # fmt: skip
            both(panel, measured[kind])
            panel.set(title=title, xlabel=grows, ylabel="seconds", xscale="log", yscale="log")
            panel.legend(frameon=False)
        workers = measured["workers"]
        panels[3].bar([str(row["size"]) for row in workers], [row["own"] for row in workers], color=OWN, width=0.5)
        panels[3].set(title="processes that share images", xlabel="workers", ylabel="images/s, start and all")
        with atomic_path(FIGURE) as temporary:
            drawn.savefig(temporary, format="svg", metadata={"Date": None})
        plt.close(drawn)


def both(panel: Axes, rows: list[dict[str, Any]]) -> None:
    sizes = [row["size"] for row in rows]
    panel.plot(sizes, [row["other"] for row in rows], color=OTHERS, marker="o", label=rows[0]["theirs"])
    panel.plot(sizes, [row["own"] for row in rows], color=OWN, marker="o", label="maskwright")


if __name__ == "__main__":
    mpl.use("svg")
    main()
