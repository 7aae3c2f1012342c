"""Tables of numbers are read with their times, their gaps and their steps, or refused with path and line."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charnn.corpora import series as series_module
from charnn.corpora.series import Series, series_in
from charnn.corpora.series_layout import SeriesLayout
from charnn.corpora.series_recognition import recognize_series
from charnn.corpora.tables import Table
from charnn.errors import CorpusError, UsageError


def read(text: str, **layout: object) -> Series:
    return series_in(Table(text, "x.csv"), SeriesLayout(**layout))  # type: ignore[arg-type]


def ahead(series: Series, count: int = 2) -> list[str]:
    """The times that follow the last row."""
    return [series.axis.text(len(series) + step) for step in range(count)]


@pytest.mark.parametrize(
    ("times", "following"),
    [
        (["2024-02-27", "2024-02-28"], ["2024-02-29", "2024-03-01"]),
        (["2024-01-31", "2024-02-29", "2024-03-31"], ["2024-04-30", "2024-05-31"]),
        (["2024-01-15", "2024-02-15", "2024-03-15"], ["2024-04-15", "2024-05-15"]),
        (["2023-11", "2023-12"], ["2024-01", "2024-02"]),
        (["2023-01-01", "2023-04-01", "2023-07-01"], ["2023-10-01", "2024-01-01"]),
        (["31.12.2023", "01.01.2024"], ["02.01.2024", "03.01.2024"]),
        (["12/30/2023", "12/31/2023"], ["01/01/2024", "01/02/2024"]),
        (["20231230", "20231231"], ["20240101", "20240102"]),
        (["2024-03-30T22:00", "2024-03-30T23:00"], ["2024-03-31T00:00", "2024-03-31T01:00"]),
        (["2024-03-30 23:30:00Z", "2024-03-30 23:45:00Z"], ["2024-03-31 00:00:00Z", "2024-03-31 00:15:00Z"]),
        (["2024-03-30T23:00+02:00", "2024-03-31T00:00+02:00"], ["2024-03-31T01:00+02:00", "2024-03-31T02:00+02:00"]),
        ([f"2024-01-{day:02d}" for day in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)], ["2024-01-15", "2024-01-16"]),
        (["1700", "1701", "1702"], ["1703", "1704"]),
        (["1700.5", "1701.5", "1702.5"], ["1703.5", "1704.5"]),
        (["1700000000", "1700003600", "1700007200"], ["1700010800", "1700014400"]),
        (["1700000000.0", "1700000000.1", "1700000000.2"], ["1700000000.3", "1700000000.4"]),
        (["1949", "1949.08333333333", "1949.16666666667", "1949.25"], ["1949.333", "1949.417"]),
        (["1949.000", "1949.083", "1949.167", "1949.250"], ["1949.333", "1949.417"]),
        (["1980Q3", "1980Q4", "1981Q1"], ["1981Q2", "1981Q3"]),
        (["3q 1980", "4q 1980", "1q 1981"], ["2q 1981", "3q 1981"]),
        (["Q3'99", "Q4'99", "Q1'00"], ["Q2'00", "Q3'00"]),
        (["1980-S1", "1980-S2", "1981-S1"], ["1981-S2", "1982-S1"]),
        (["1980M9", "1980M10", "1980M11"], ["1980M12", "1981M1"]),
        (["2020-W51", "2020-W52", "2020-W53"], ["2021-W01", "2021-W02"]),
        (["W9 2021", "W10 2021"], ["W11 2021", "W12 2021"]),
        (["1980.1", "1980.2", "1980.3", "1980.4", "1981.1"], ["1981.2", "1981.3"]),
        (["1980-1", "1980-2", "1980-3", "1980-4", "1981-1"], ["1981-2", "1981-3"]),
        (["1980:1", "1980:2", "1981:1"], ["1981:2", "1982:1"]),
        ([f"{192601 + month + 88 * (month > 11)}" for month in range(13)], ["192702", "192703"]),
        ([*(f"1871.{month:02d}".rstrip("0") for month in range(1, 13)), "1872.01"], ["1872.02", "1872.03"]),
        (["Nov-99", "Dec-99"], ["Jan-00", "Feb-00"]),
        (["12/30/23", "12/31/23"], ["01/01/24", "01/02/24"]),
        (["9.12.2023 9:00", "10.12.2023 9:00"], ["11.12.2023 9:00", "12.12.2023 9:00"]),
        (["12/31/2023 9:00 PM", "1/1/2024 12:00 AM"], ["1/1/2024 3:00 AM", "1/1/2024 6:00 AM"]),
        (["2023年12月1日", "2024年1月1日"], ["2024年2月1日", "2024年3月1日"]),
        (["1749.04", "1749.12", "1749.21", "1749.29", "1749.37"], ["1749.4525", "1749.5350"]),
        (["2020.1", "2020.2", "2020.3"], ["2020.4", "2020.5"]),
        (["0", "1e-7", "2e-7"], ["0.0000003", "0.0000004"]),
        (["0", "1.25e-9", "2.5e-9"], ["0.00000000375", "0.00000000500"]),
    ],
)
def test_times_are_told_by_themselves_and_carried_on(times: list[str], following: list[str]) -> None:
    series = read("when,x\n" + "".join(f"{time},{number}\n" for number, time in enumerate(times)))
    assert series.columns == ("x",)
    assert series.values_NC[:, 0].tolist() == list(range(len(times)))
    assert ahead(series) == following


@pytest.mark.parametrize(
    ("text", "columns", "values"),
    [
        ("1\n2\n3\n", ("column 1",), [[1], [2], [3]]),
        ("value\n1\n2.5\n-1e3\n", ("value",), [[1], [2.5], [-1000]]),
        ("Wert;Preis\n1,5;2\n,25;3,0\n", ("Wert", "Preis"), [[1.5, 2], [0.25, 3]]),
        ("a\tb\n1\t2\n3\t4\n", ("a", "b"), [[1, 2], [3, 4]]),
        ("a|b\r\n5|2\r\n3|4\r\n", ("a", "b"), [[5, 2], [3, 4]]),
        ("# made by hand\na,b\n5,2\n3,4\n", ("a", "b"), [[5, 2], [3, 4]]),
        ("  8.3   -1\n 18.3   -1\n 12.1   -1\n", ("column 1", "column 2"), [[8.3, -1], [18.3, -1], [12.1, -1]]),
        ('"a";"b"\n"5,5";"2"\n"3";"4"\n', ("a", "b"), [[5.5, 2], [3, 4]]),
    ],
)
def test_columns_are_parted_in_many_ways_and_rows_counted_without_times(
    text: str, columns: tuple[str, ...], values: list[list[float]]
) -> None:
    series = read(text)
    assert (series.columns, series.values_NC.tolist()) == (columns, values)
    assert ahead(series, 1) == [str(len(values) + 1)]


def test_a_number_that_is_too_large_for_a_time_is_none() -> None:
    with pytest.raises(CorpusError, match=r"^x\.csv:2: the time -1e308 is too large a number"):
        read("time,load\n-1e308,1\n1e308,2\n", time="time")
    assert not read("time,load\n-1e99,1\n1e99,2\n1.5e99,2\n").axis.has_times


def test_gaps_are_empty_cells_words_for_them_and_missing_rows() -> None:
    series = read("day,x,y\n2024-01-01,1,?\n2024-01-02,,NaN\n2024-01-05,5,6\n")
    np.testing.assert_array_equal(series.values_NC, [[1, np.nan], [np.nan, np.nan], [np.nan] * 2, [np.nan] * 2, [5, 6]])
    assert series.gaps == 7
    assert ahead(series, 1) == ["2024-01-06"]


def test_rows_in_another_order_are_read_in_that_of_their_times_and_it_is_said() -> None:
    series = read("day,x\n2024-01-03,3\n2024-01-02,2\n2024-01-01,1\n")
    assert series.values_NC[:, 0].tolist() == [1, 2, 3]
    assert any("order of their times" in remark for remark in series.remarks)


def test_columns_without_numbers_are_passed_over_by_name() -> None:
    series = read("day,place,x\n2024-01-01,Leeds,1\n2024-01-02,York,2\n")
    assert series.columns == ("x",)
    assert any("place" in remark for remark in series.remarks)


def test_columns_and_times_may_be_named() -> None:
    text = "a,b,c\n1,5,9\n2,4,9\n3,7,8\n"
    assert read(text).columns == ("b", "c")
    assert read(text, columns=("c", "2")).columns == ("c", "b")
    assert read(text, time="none").columns == ("a", "b", "c")
    assert ahead(read(text, time="none"), 1) == ["4"]
    assert ahead(read("x,n\n5,10\n3,20\n", time="n"), 1) == ["30"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.csv: there is no row"),
        ("a,b\n", "x.csv: there is a header"),
        ("a,b\nx,y\nz,w\n", "x.csv: no column has numbers: a, b"),
        ("a,b\n5,2\n7\n", "x.csv:3: "),
        ("d,x\n2024-01-01,1\n2024-01-02,two\n2024-01-03,3\n", "x.csv:3: column 'x': 'two' is no number"),
        ("d,x\n2024-01-01,1\n2024-01-02,inf\n", "x.csv:3: column 'x': inf is not finite"),
        ("x\n1\n-1e308\n", "x.csv:3: column 'x': -1e308 is too large a number"),
        ("d,x\n2024-01-01,1\n2024-01-02,1e999\n", "x.csv:3: column 'x': 1e999 is too large"),
        ("d,x\n2024-01-01,1\n2024-01-01,2\n", "x.csv:3: the time 2024-01-01 comes twice"),
        ("d,x\n2024-01-01,1\nsoon,2\n2024-01-03,2\n", "x.csv:3: column 'd': 'soon' is no time"),
        ("d,x\n2024-01-01,1\n2024-02-30,2\n2024-01-03,2\n", "x.csv:3: column 'd': '2024-02-30' is no time"),
        ("d,x\n2024-01-01,1\n2024-01-02,2\n2024-01-03,2\n2024-01-03T10:00,1\n", "x.csv:5: column 'd'"),
        ("d,x\n2024-01-01T00:00,1\n2024-01-01T01:00,2\n2024-01-01T02:00,2\n2024-01-01T02:40,1\n", "x.csv:5: the time"),
        ("x,x\n5,2\n3,4\n", "x.csv: two columns are called 'x'"),
        ("a;b\n1,5;2\n1.23,5;2\n3;3\n", "x.csv:3: column 'a': '1.23,5' is no number"),
        ('a,b\n"1,2\n', "x.csv:2: "),
        ("d,x\n2024-01-01,1\n2024-01-02,2\n2924-01-01,3\n", "x.csv:4: "),
    ],
)
def test_what_is_no_series_is_refused_with_path_and_line(text: str, said: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read(text)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_day_that_may_be_a_month_is_asked_for() -> None:
    with pytest.raises(UsageError, match="the day or the month first"):
        read("d,x\n03/04/2024,1\n04/04/2024,2\n")


def test_a_later_series_is_joined_whose_numbers_have_no_zeros_before_them() -> None:
    joined = read("d,x\n9/30/2024,1\n10/1/2024,2\n").joined(read("d,x\n10/13/2024,5\n10/14/2024,6\n"))
    assert joined is not None
    assert len(joined) == 15


def test_a_later_series_is_joined_by_its_times() -> None:
    first = read("d,x\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n")
    joined = first.joined(read("d,x\n2024-01-05,5\n2024-01-06,6\n"))
    assert joined is not None
    np.testing.assert_array_equal(joined.values_NC[:, 0], [1, 2, 3, np.nan, 5, 6])
    assert first.joined(read("x\n5\n6\n")) is None
    assert first.joined(read("d,x\n2023-01-05,5\n2023-01-06,6\n")) is None


def test_times_with_numbers_are_recognized_and_numbers_alone_are_not() -> None:
    assert recognize_series("d,x\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n2024-01-0")
    assert recognize_series("year,spots\n1700,5\n1701,11\n1702,16\n")
    assert not recognize_series("n,spots\n1700,5\n1701,11\n1702,16\n")
    assert not recognize_series("1700,5\n1701,11\n1702,16\n")
    assert not recognize_series("1\n2\n3\n4\n")
    assert not recognize_series("0110\n1010\n0001\n")
    assert not recognize_series("label,text\na,some words\nb,others\n")
    assert not recognize_series("2024-01-01\tnoun\n2024-01-02\tverb\n2024-01-03\tnoun\n2024-01-04\tnoun\n")


def test_a_series_that_is_too_long_to_be_held_is_refused_at_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "date,load\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"
    monkeypatch.setattr(series_module, "MOST_CELLS", 8)
    assert len(read(text)) == 3
    monkeypatch.setattr(series_module, "MOST_CELLS", 7)
    with pytest.raises(CorpusError, match=r"^x\.csv:4: a series of more than 7 cells is too long") as failure:
        read(text)
    assert "tail -n" in (failure.value.hint or "")
    with pytest.raises(CorpusError, match=r"^x\.csv:3: a series of more than 7 cells is too long"):
        read("1 2 3\n4 5 6\n7 8 9\n")


@pytest.mark.parametrize(
    ("cells", "separator", "values"),
    [
        (("€1.50", "€ 2", "-€3"), ";", (1.5, 2, -3)),
        (("$1,234.50", "($2,000)", "$0"), "\t", (1234.5, -2000, 0)),
        (('"1,234,567.5"', '"2,000"', "12"), ",", (1234567.5, 2000, 12)),
        (('"12,5"', '"1.234,5"', "3"), ",", (12.5, 1234.5, 3)),
        (("1.234,56", "99,9", "1.000"), ";", (1234.56, 99.9, 1000)),
        (("1,234", "2,5", "3"), ";", (1.234, 2.5, 3)),
        (("1.234", "2.500", "3.001"), ";", (1.234, 2.5, 3.001)),
        (("1.234", "2.500", "3.001"), ",", (1.234, 2.5, 3.001)),
        (("1.5", "2,5", "3"), ";", (1.5, 2.5, 3)),
        (("1 234,5", "12\u00a0345,0", "7"), ";", (1234.5, 12345, 7)),
        (("1'234.5", "1\u2019000", "7"), ",", (1234.5, 1000, 7)),
        (("12%", "3.5 %", "\u22124%"), ",", (12, 3.5, -4)),
        (("12 EUR", "3 EUR", "n/a"), ",", (12, 3, math.nan)),
        (("1e3", "+2.5", ".5"), ",", (1000, 2.5, 0.5)),
    ],
)
def test_numbers_are_read_as_people_write_them(
    cells: tuple[str, ...], separator: str, values: tuple[float, ...]
) -> None:
    text = f"t{separator}x\n" + "".join(f"{n}{separator}{cell}\n" for n, cell in enumerate(cells))
    series = series_in(Table(text, "file.csv" if separator != "\t" else "file"))
    assert series.columns == ("x",)
    np.testing.assert_allclose(series.values_NC[:, 0], values)
    signs = [remark for remark in series.remarks if "signs" in remark]
    assert len(signs) == any(sign in cell for cell in cells for sign in ("€", "$", "%", "EUR"))


@pytest.mark.parametrize("cell", ["12 km", "1,2,3", "1.2.3", "12,34.5.6", "(3", "--3", "$", "1 2", "v1", "$5%"])
def test_what_is_beside_a_number_makes_it_none(cell: str) -> None:
    with pytest.raises(CorpusError, match="is no number"):
        series_in(Table(f"t;x\n1;3\n2;{cell}\n3;4\n4;5\n", "file.csv"))


@pytest.mark.parametrize(
    ("times", "following"),
    [
        (("1 January 2021", "2 January 2021", "3 January 2021"), "4 January 2021"),
        (("Apr 30, 2021", "May 1, 2021", "May 2, 2021"), "May 3, 2021"),
        (("May 2021", "June 2021", "July 2021"), "August 2021"),
        (("Nov-2021", "Dec-2021", "Jan-2022"), "Feb-2022"),
        (("30-Apr-2021", "01-May-2021", "02-May-2021"), "03-May-2021"),
        (("01/31/2022 11:00 PM", "02/01/2022 12:00 AM", "02/01/2022 1:00 AM"), "02/01/2022 2:00 AM"),
    ],
)
def test_dates_may_have_names_of_months_and_halves_of_the_day(times: tuple[str, ...], following: str) -> None:
    text = "when\tx\n" + "".join(f"{time}\t{n}.5\n" for n, time in enumerate(times))
    series = series_in(Table(text, "file"))
    assert (series.columns, len(series)) == (("x",), 3)
    assert series.axis.text(3) == following


def test_series_below_each_other_are_an_error_that_says_so() -> None:
    with pytest.raises(CorpusError, match="comes twice") as caught:
        series_in(Table("date,shop,x\n2021-01-01,A,1\n2021-01-01,B,2\n2021-01-02,A,3\n", "file.csv"))
    assert "series that stand below each other want a column each" in str(caught.value.hint)


LONG = "store,date,sales,open\n" + "".join(
    f"{store},2024-01-{day:02d},{10 * number + day},1\n"
    for number, store in enumerate(("Leeds", "York"))
    for day in range(1, 9)
    if (store, day) != ("York", 3)
)


def test_series_that_stand_below_each_other_become_a_column_each_and_it_is_said() -> None:
    series = read(LONG)
    assert series.columns == ("Leeds sales", "Leeds open", "York sales", "York open")
    assert any("series of 2 values of store stand below each other" in remark for remark in series.remarks)
    asked = read(LONG, columns=("sales",))
    assert asked.columns == ("Leeds", "York")
    assert asked.values_NC[:4].tolist()[:2] == [[1, 11], [2, 12]]
    assert np.isnan(asked.values_NC[2, 1])
    assert ahead(asked, 1) == ["2024-01-09"]
    assert read(LONG, columns=("York sales",)).columns == ("York sales",)


def test_several_columns_may_say_which_series_a_row_is_of() -> None:
    rows = [f"{1990 + y},{c},{s},{y}.5\n" for y in range(5) for c in ("Chad", "Peru") for s in ("f", "m")]
    series = read("year,country,sex,rate\n" + "".join(rows))
    assert series.columns == ("Chad f", "Chad m", "Peru f", "Peru m")
    assert ahead(series, 1) == ["1995"]
    numbers = read("date,item,sold\n" + "".join(f"2024-01-{d:02d},{n},{n * d}\n" for d in range(1, 9) for n in (7, 9)))
    assert numbers.columns == ("7", "9")


@pytest.mark.parametrize(
    "rows", [[f"2024-01-{1 + d // 2:02d},{d % 5},{d}" for d in range(30)], ["2024-01-01,a,1", "2024-01-01,a,2"] * 9]
)
def test_times_that_come_twice_for_another_reason_are_refused(rows: list[str]) -> None:
    with pytest.raises(CorpusError, match="the time 2024-01-01 comes twice"):
        read("\n".join(["date,x,y", *rows]))


def test_the_hour_that_comes_twice_where_summer_time_ends_counts_once() -> None:
    hours = [f"2024-10-{26 + hour // 24} {hour % 24:02d}:00" for hour in range(60)]
    hours.insert(27, hours[26])
    series = read("time,x\n" + "".join(f"{time},{number}\n" for number, time in enumerate(hours)))
    assert len(series) == 60
    assert series.values_NC[25:28, 0].tolist() == [25, 27, 28]
    assert series.remarks == ("2024-10-27 02:00 comes twice, as where summer time ends, and counts as it comes last",)
    hours.insert(40, hours[39])
    with pytest.raises(CorpusError, match="comes twice"):
        read("time,x\n" + "".join(f"{time},{number}\n" for number, time in enumerate(hours)))


def test_a_column_that_is_called_as_times_are_and_is_none_is_said() -> None:
    years = [1900 + (number * 7) % 30 for number in range(30)]
    series = read("year,v\n" + "".join(f"{year},{year % 9}\n" for year in years))
    assert series.columns == ("year", "v")
    assert any("--time-column year takes it for the times" in remark for remark in series.remarks)
    again = read("year,v\n" + "".join(f"{year},{year % 9}\n" for year in years + years))
    assert "year is read as a series, since its numbers come again" in again.remarks
    assert not read("a,v\n" + "".join(f"{year},{year % 9}\n" for year in years)).remarks
