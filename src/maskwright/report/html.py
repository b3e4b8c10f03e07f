"""Where pages are made from templates: names are escaped whatever they hold, and numbers are written in our words."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from maskwright.report import words


def environment() -> Environment:
    """The templates of this package with the filters that they use."""
    made = Environment(loader=PackageLoader("maskwright.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters |= {
        "title_of": words.title_of,
        "number": words.number,
        "value_of": words.value_of,
        "signed": words.signed,
        "interval_of": words.interval_of,
        "why_no_value": words.why_no_value,
        "amount": words.amount,
        "shortened": words.shortened,
        "share": words.share,
        "grouped": words.grouped,
        "rounded": words.rounded,
        "counted": words.counted,
        "percent": lambda value: round(100 * min(max(value, 0.0), 1.0), 2),
    }
    made.tests["on_unit_scale"] = lambda row: 0 <= row.value <= 1
    return made
