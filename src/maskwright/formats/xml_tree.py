"""XML files read safely: bounded in size, and without a document type, which is where entities that explode would stand."""

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from maskwright.base.errors import DataError


def read_xml(path: Path, max_bytes: int) -> Element:
    """The root element. Raises `DataError` on a file that is damaged, too large, no XML, or has a document type.

    No annotation program writes a document type. Refusing it shuts out entities of every kind, by Python's own parser and
    without a further library.
    """

    def refuse(*_: Any) -> None:
        raise DataError(f"{path}: has a document type (<!DOCTYPE ...>), which can hide harmful entities. Take that line out.")

    builder, parser = TreeBuilder(), expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise DataError(
                f"{path}: has {size / 1e6:.0f} MB, more than the {max_bytes / 1e6:.0f} MB that are read at once. "
                f"Export it in several parts."
            )
        parser.Parse(path.read_bytes(), True)
        return builder.close()
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise DataError(f"{path}: not a readable XML file ({error}). Export it again.") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
