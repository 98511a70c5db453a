"""Pictures for tests: noise, which no format makes small."""

import io

from PIL import Image


def draw(size: tuple[int, int] = (300, 200), form: str = "PNG", mode: str = "RGBA") -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(out, form)
    return out.getvalue()
