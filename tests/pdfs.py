"""PDF files for tests."""

from pathlib import Path

from fpdf import FPDF
from fpdf.enums import AccessPermission


def write_pdf(path: Path, pages: list[list[str]], font: Path | None = None, password: str = "") -> Path:
    pdf = FPDF()
    if font:
        pdf.add_font("cjk", fname=font, collection_font_number=2)
    pdf.set_font("cjk" if font else "Helvetica", size=12)
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password, permissions=AccessPermission.none())
    for page in pages:
        pdf.add_page()
        for paragraph in page:
            pdf.multi_cell(0, text=paragraph, new_x="LMARGIN", new_y="NEXT")
    pdf.output(path)
    return path
