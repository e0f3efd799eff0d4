"""Pictures with text in them, made up for the tests."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont


def write_sign(path: Path, *texts: str) -> Path:
    """A picture with lines of text, black on white."""
    image = Image.new("RGB", (900, 80 * len(texts) + 40), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(36)
    for number, text in enumerate(texts):
        draw.text((20, 30 + 80 * number), text, fill="black", font=font)
    image.save(path)
    return path
