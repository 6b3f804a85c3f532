"""Tasks for Label Studio: a JSON array with a page each, what was read on it being the prediction.

Each field or line is a rectangle labelled with its kind, and a text for it, under one id, as this configuration shows:

    <View><Image name="image" value="$image"/>
      <RectangleLabels name="label" toName="image"><Label value="cells"/><Label value="line"/></RectangleLabels>
      <TextArea name="transcription" toName="image" perRegion="true" editable="true"/></View>

Places are percents of the image. The image's address is a prefix and the percent-encoded path, with ``#page=2`` for
pages after a document's first. A page that could not be read is a task without predictions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import quote

from hcr_scan.document import PageFailure, PageResult, Source
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.blocks import Block, Sheet, sheet_of
from hcr_scan.sinks.records import Provenance, Record, displayable, error_text
from hcr_scan.sources.pages import path_text


def task(result: PageResult, provenance: Provenance, image_prefix: str) -> Record:
    """One page as a task."""
    source = result.source
    data = {
        "image": image_prefix + image_address(source),
        "file": path_text(source.path),
        "page": source.page,
        "sha256": source.sha256,
        "status": result.status.value,
    }
    if isinstance(result, PageFailure):
        data["error"] = error_text(result)
        return {"data": data, "predictions": []}
    sheet = sheet_of(result)
    prediction = {
        "model_version": f"hcr-scan {provenance.hcr_scan} model {provenance.model[:12]}",
        "score": min((block.confidence for block in sheet.blocks), default=1.0),
        "result": [
            region for number, block in enumerate(sheet.blocks, 1) for region in _regions(sheet, block, f"r{number}")
        ],
    }
    return {"data": data, "predictions": [prediction]}


def image_address(source: Source) -> str:
    """The path as a part of an URL can hold it, and the page where it is not the first."""
    try:
        path = quote(os.fsencode(source.path))
    except UnicodeEncodeError:  # no name the system gave
        path = quote(path_text(source.path))
    return f"{path}#page={source.page}" if source.page > 1 else path


def _regions(sheet: Sheet, block: Block, name: str) -> Iterator[Record]:
    common: Record = {
        "id": name,
        "to_name": "image",
        "image_rotation": 0,
        "original_width": sheet.width,
        "original_height": sheet.height,
        "score": block.confidence,
    }
    place = _percents(block.box, sheet)
    meta = {"text": [displayable(block.name), block.status.value, *(reason.value for reason in block.reasons)]}
    labels = {**place, "rectanglelabels": [displayable(block.kind)]}
    yield {**common, "from_name": "label", "type": "rectanglelabels", "value": labels, "meta": meta}
    if block.value:
        text = {**place, "text": [displayable(block.value)]}
        yield {**common, "from_name": "transcription", "type": "textarea", "value": text}


def _percents(box: BoundingBox, sheet: Sheet) -> Record:
    across, down = 100 / sheet.width, 100 / sheet.height
    return {
        "x": round(box.left * across, 4),
        "y": round(box.top * down, 4),
        "width": round(box.width * across, 4),
        "height": round(box.height * down, 4),
        "rotation": 0,
    }
