"""Types into the template as a case worker would, and saves it every way: `python3 typed.py <template> <directory>`

Run by the Python that LibreOffice gives its `uno` to, which is the system's and has nothing of ours.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uno as untyped  # pyright: ignore[reportMissingImports] -- LibreOffice's own

uno: Any = untyped
COLUMNS = "ABCDEFGJKLMN"
"""Those of the template without e-mail and address."""
WAY = ("ekby/asking", "Bokningsdokument")
SAID = ("ja", "ja", "Vanligt")
TYPED: dict[int, tuple[str, ...]] = {
    2: (*WAY, "199001012385", "", "Åsa", "Öberg", "070-1740605", "arabiska", *SAID, "2026-12-01"),
    3: (*WAY, "850101-2382", "", "Märta", "Ängström", "+46701740606", "", "ja", "JA", "förstärkt", "'2026-12-01"),
    6: (*WAY, "800101-2387", "", "Bo", '=CONCATENATE("Al";"m")', "", "", *SAID, "2026-12-01"),
    7: (*WAY, "780101-2381", "", "Bo", "Alm", "", "", *SAID, "=DATE(2026;12;1)"),
    9: (*WAY, "199501012380", "", " Eva ", "D'Arc", "0701740607", "kat", *SAID, "2026-12-1"),
    10: (*WAY, "000101-2384", "", "Örjan", "Åö", "", "", *SAID, "i december"),
    11: (*WAY, "19900101R012", "reservnummer", "Çelik", "Sjö", "", "turkiska", *SAID, "2026-12-01"),
    12: (*WAY, "900101-2385", "", "Åsa", "Öberg", "070-1740605", "arabiska", *SAID, "2026-12-01"),
}
"""Rows 4, 5 and 8 stay empty; the number of 9 is a number to the spreadsheet; 12 says what 2 says."""
PLAIN = "C9"
XLSX, ODS, CSV = "Calc MS Excel 2007 XML", "calc8", "Text - txt - csv (StarCalc)"
AS_CSV = "{},34,{},1,,0,false,true,false"
"""Separator, quotes, coding, from the first line: cells as they are shown. LibreOffice's filter options."""
SAVED: dict[str, tuple[str, str]] = {
    "typed.xlsx": (XLSX, ""),
    "typed.ods": (ODS, ""),
    "typed-utf-8.csv": (CSV, AS_CSV.format(44, 76)),
    "typed-latin-1.csv": (CSV, AS_CSV.format(59, 12)),
}


def main(template: Path, directory: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        pipe = f"typed{time.monotonic_ns()}"
        office = subprocess.Popen(
            [
                "soffice",
                "--headless",
                "--norestore",
                f"-env:UserInstallation={Path(profile).as_uri()}",
                f"--accept=pipe,name={pipe};urp",
            ]
        )
        try:
            context = _connected(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext", office)
            make = context.ServiceManager.createInstanceWithContext
            desktop = make("com.sun.star.frame.Desktop", context)
            dispatch = make("com.sun.star.frame.DispatchHelper", context).executeDispatch
            book = desktop.loadComponentFromURL(template.resolve().as_uri(), "_blank", 0, ())
            _fill(book, dispatch)
            for name, (kind, options) in SAVED.items():
                _save(book, directory / name, kind, options)
            book.close(True)
            book = desktop.loadComponentFromURL((directory / "typed.ods").resolve().as_uri(), "_blank", 0, ())
            _save(book, directory / "typed-by-ods.xlsx", XLSX, "")
            book.close(True)
            desktop.terminate()
            office.wait(30)
        finally:
            office.kill()


def _connected(address: str, office: "subprocess.Popen[bytes]") -> Any:
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    while True:
        try:
            return resolver.resolve(address)
        except Exception as error:
            if office.poll() is not None:
                raise RuntimeError("soffice ended") from error
            time.sleep(0.2)


def _fill(book: Any, dispatch: Any) -> None:
    """Each text goes in by the keyboard's way, so that the spreadsheet makes of it what it makes for a person."""
    frame = book.CurrentController.Frame
    book.CurrentController.setActiveSheet(book.Sheets.getByName("Personer"))
    dispatch(frame, ".uno:GoToCell", "", 0, (_property("ToPoint", PLAIN),))
    dispatch(frame, ".uno:ResetAttributes", "", 0, ())
    for row, texts in TYPED.items():
        for column, text in zip(COLUMNS, texts, strict=True):
            if text:
                dispatch(frame, ".uno:GoToCell", "", 0, (_property("ToPoint", f"{column}{row}"),))
                dispatch(frame, ".uno:EnterString", "", 0, (_property("StringName", text),))
    book.Sheets.moveByName("Personer", book.Sheets.Count)


def _save(book: Any, file: Path, kind: str, options: str) -> None:
    """A CSV is the sheet in front."""
    book.CurrentController.setActiveSheet(book.Sheets.getByName("Personer"))
    book.storeToURL(file.resolve().as_uri(), (_property("FilterName", kind), _property("FilterOptions", options)))


def _property(name: str, value: str) -> Any:
    said = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    said.Name, said.Value = name, value
    return said


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
