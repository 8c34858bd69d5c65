//! Numbers of company registers: for each scheme, numbers of its form that it accepts, and others that it does not.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use country::Country;
use registration_numbers::{Scheme, check};

/// A scheme with numbers that it accepts, as they are written and as they are stored, and numbers that it rejects.
struct Register {
    country: &'static str,
    scheme: &'static str,
    accepted: &'static [(&'static str, &'static str)],
    rejected: &'static [&'static str],
}

const REGISTERS: [Register; 34] = [
    Register {
        country: "SK",
        scheme: "ico",
        accepted: &[("31333532", "31333532"), ("35 757 442", "35757442"), ("36631124", "36631124")],
        rejected: &["31333533", "3133353", "313335320", "3133353A"],
    },
    Register {
        country: "US",
        scheme: "state",
        accepted: &[
            ("923632", "923632"),
            ("L21249", "L21249"),
            ("C0806592", "C0806592"),
            ("P12000012345", "P12000012345"),
            ("0803012345", "0803012345"),
            ("202012345678", "202012345678"),
            ("2020-000912345", "2020-000912345"),
            ("602-123-456", "602-123-456"),
            ("LLC-01234567", "LLC-01234567"),
            ("E0123452010-1", "E0123452010-1"),
        ],
        rejected: &["07-1234567", "123-45-6789", "123", "C-", "ABCDEFG", "12345678901234", "12 34 5'"],
    },
    Register {
        country: "CY",
        scheme: "he",
        accepted: &[
            ("HE 165", "HE165"),
            ("he165", "HE165"),
            ("HE 139104", "HE139104"),
            ("AE 2345", "AE2345"),
            ("ΗΕ 165", "HE165"),
        ],
        rejected: &["НЕ 165", "HE", "HE 1234567", "XX 165", "165HE"],
    },
    Register {
        country: "LT",
        scheme: "imones_kodas",
        accepted: &[("112029651", "112029651"), ("110053842", "110053842"), ("300021944", "300021944")],
        rejected: &["112029652", "11202965", "1120296510", "11202965A"],
    },
    Register {
        country: "HU",
        scheme: "cegjegyzekszam",
        accepted: &[
            ("01-10-041585", "01-10-041585"),
            ("01 09 123456", "01-09-123456"),
            ("2010041585", "20-10-041585"),
            ("Cg. 01-09-123456", "01-09-123456"),
        ],
        rejected: &["01-10-04158", "21-10-041585", "01-00-041585", "01-10-0415855", "00-10-041585"],
    },
    Register {
        country: "SI",
        scheme: "maticna",
        accepted: &[
            ("5043611000", "5043611000"),
            ("5860571", "5860571"),
            ("5300231000", "5300231000"),
            ("5043611A12", "5043611A12"),
        ],
        rejected: &["5043612000", "504361100", "504361100A"],
    },
    Register {
        country: "GR",
        scheme: "gemi",
        accepted: &[("184502701000", "184502701000"), ("077700527000", "077700527000")],
        rejected: &["18450270100", "1845027010000", "18450270100A"],
    },
    Register {
        country: "MT",
        scheme: "mbr",
        accepted: &[("C 2833", "C 2833"), ("C22796", "C 22796"), ("oc 123", "OC 123"), ("P 1010", "P 1010")],
        rejected: &["C", "X 2833", "C 1234567", "2833"],
    },
    Register {
        country: "RS",
        scheme: "maticni_broj",
        accepted: &[("20084693", "20084693"), ("17162543", "17162543"), ("07023014", "07023014")],
        rejected: &["20084694", "2008469", "200846930", "2008469A"],
    },
    Register {
        country: "MY",
        scheme: "ssm_former",
        accepted: &[
            ("20076-K", "20076-K"),
            ("1312525A", "1312525-A"),
            ("277741 P", "277741-P"),
            ("SA0123456-X", "SA0123456-X"),
        ],
        rejected: &["20076", "20076-1", "K-20076", "12345678-K"],
    },
    Register {
        country: "MY",
        scheme: "llp_former",
        accepted: &[("LLP0001234-LGN", "LLP0001234-LGN"), ("LLP0012345LCA", "LLP0012345-LCA")],
        rejected: &["LLP123-LGN", "LLP0001234", "LLX0001234-LGN"],
    },
    Register {
        country: "AE",
        scheme: "licence",
        accepted: &[
            ("CN-1234567", "CN-1234567"),
            ("DMCC-123456", "DMCC-123456"),
            ("dmcc 123456", "DMCC-123456"),
        ],
        rejected: &["DMCC-", "DMCC-12", "CN-12345678901", "ABCDEFGH-123456"],
    },
    Register {
        country: "AE",
        scheme: "licence_without_letters",
        accepted: &[("784512", "784512"), ("000 001 234", "000001234")],
        rejected: &["12", "1234567890", "78-4512"],
    },
    Register {
        country: "HK",
        scheme: "non_hong_kong",
        accepted: &[("F0012345", "F0012345"), ("f 0012345", "F0012345")],
        rejected: &["F001234", "G0012345", "F00123456"],
    },
    Register {
        country: "IN",
        scheme: "llpin",
        accepted: &[("AAB-1234", "AAB-1234"), ("aaa 0001", "AAA-0001"), ("ACB1234", "ACB-1234")],
        rejected: &["AAB-123", "AB-1234", "AAB-12345", "A1B-1234"],
    },
    Register {
        country: "IN",
        scheme: "fcrn",
        accepted: &[("F01234", "F01234"), ("f06543", "F06543")],
        rejected: &["F1234", "G01234", "F012345"],
    },
    Register {
        country: "CA",
        scheme: "corporation",
        accepted: &[
            ("426160-7", "4261607"),
            ("0090018", "0090018"),
            ("1087326-1", "10873261"),
            ("BC0123456", "BC0123456"),
            ("A0012345", "A0012345"),
            ("1140000123", "1140000123"),
            ("2012345678", "2012345678"),
            ("001234567", "001234567"),
            ("1000123456", "1000123456"),
        ],
        rejected: &["4261", "426160-X", "426160-77-1", "XX0123456", "BC12345", "9912345678", "123456789012"],
    },
    Register {
        country: "NZ",
        scheme: "company",
        accepted: &[("1166320", "1166320"), ("41", "41"), ("9087654", "9087654")],
        rejected: &["0166320", "11663200", "1166320A", "4"],
    },
    Register {
        country: "EG",
        scheme: "commercial_register",
        accepted: &[("117508", "117508"), ("3454", "3454")],
        rejected: &["0117508", "1175081175", "11750A"],
    },
    Register {
        country: "KE",
        scheme: "brs",
        accepted: &[
            ("PVT-AB12CD3", "PVT-AB12CD3"),
            ("pvt-lrz9e6", "PVT-LRZ9E6"),
            ("PLC 8V7U9Y5", "PLC-8V7U9Y5"),
        ],
        rejected: &["PVT-", "XXX-AB12CD3", "PVT-AB12CD3456789"],
    },
    Register {
        country: "KE",
        scheme: "companies_act",
        accepted: &[
            ("CPR/2010/12345", "CPR/2010/12345"),
            ("CPR 2009 1234", "CPR/2009/1234"),
            ("pvt/2016/012345", "PVT/2016/012345"),
        ],
        rejected: &["CPR/10/12345", "CPX/2010/12345", "CPR/2010/"],
    },
    Register {
        country: "KE",
        scheme: "companies_act_early",
        accepted: &[("C.12345", "C.12345"), ("c 4711", "C.4711")],
        rejected: &["C", "C.0123", "C.1234567", "D.12345"],
    },
    Register {
        country: "TR",
        scheme: "trade_register",
        accepted: &[("123456", "123456"), ("123456-5", "123456-5"), ("7", "7")],
        rejected: &["0123456", "12345678", "123456-", "123456-555"],
    },
    Register {
        country: "TR",
        scheme: "mersis",
        accepted: &[("0876004399600014", "0876004399600014"), ("0876-0043-9960-0014", "0876004399600014")],
        rejected: &["087600439960001", "1876004399600014", "08760043996000144"],
    },
    Register {
        country: "ID",
        scheme: "nib",
        accepted: &[("8120000000001", "8120000000001"), ("9120 3045 1234 5", "9120304512345")],
        rejected: &["812000000000", "81200000000011", "812000000000A"],
    },
    Register {
        country: "IT",
        scheme: "rea",
        accepted: &[
            ("MI-1234567", "MI-1234567"),
            ("rm 123456", "RM-123456"),
            ("NA1", "NA-1"),
            ("REA MI 0123456", "MI-0123456"),
        ],
        rejected: &["MI-", "XX-1234567", "MI-12345678", "1234567-MI"],
    },
    Register {
        country: "DE",
        scheme: "handelsregister_with_court",
        accepted: &[
            ("Köln GsR 123", "Köln GsR 123"),
            ("gsr 45, Berlin (Charlottenburg)", "Berlin (Charlottenburg) GsR 45"),
        ],
        rejected: &["Köln GsR", "Köln GsX 123", "GsR 123"],
    },
    Register {
        country: "DE",
        scheme: "euid",
        accepted: &[
            ("DEF1103R.HRB12345B", "DEF1103R.HRB12345B"),
            ("dex1517r.vr1503ki", "DEX1517R.VR1503KI"),
            ("DKCVR.11845118", "DKCVR.11845118"),
            ("ELGEMI.077700527000", "ELGEMI.077700527000"),
            ("MTROC.C22796", "MTROC.C22796"),
            ("ROONRC.J40/8302/2007", "ROONRC.J40/8302/2007"),
            ("ATBRA.123456-000", "ATBRA.123456-000"),
        ],
        rejected: &["DEF1103R", "DEF1103R.", "USX.123456", ".HRB12345B", "DE.12345", "DEF1103R.HRB"],
    },
    Register {
        country: "JP",
        scheme: "company_register",
        accepted: &[("0199-01-056799", "0199-01-056799"), ("019901056799", "0199-01-056799")],
        rejected: &["0199-01-05679", "0199-01-0567999", "0199-01-05679A"],
    },
    Register {
        country: "EC",
        scheme: "ruc_company",
        accepted: &[
            ("1793213150001", "1793213150001"),
            ("1793221293001", "1793221293001"),
            ("0993381661001", "0993381661001"),
        ],
        rejected: &["9993213150001", "1793213150000", "1773213150001", "179321315001"],
    },
    Register {
        country: "TW",
        scheme: "ubn",
        accepted: &[("62140097", "62140097"), ("22099131", "22099131")],
        rejected: &["62140098", "6214009", "621400970"],
    },
    Register {
        country: "GB",
        scheme: "crn",
        accepted: &[
            ("R0000521", "R0000521"),
            ("SL00911A", "SL00911A"),
            ("IP000CUS", "IP000CUS"),
            ("ip 12345r", "IP12345R"),
            ("SP2345RS", "SP2345RS"),
            ("GN000012", "GN000012"),
        ],
        rejected: &["R0521", "SL0091A", "IPABCDEF", "XX000CUS", "SC46704A4"],
    },
    Register {
        country: "IE",
        scheme: "cro_early",
        accepted: &[("2936", "2936"), ("12", "12")],
        rejected: &["0936", "29366", "2936A"],
    },
    Register {
        country: "HR",
        scheme: "mbs",
        accepted: &[("080000014", "080000014"), ("040001234", "040001234")],
        rejected: &["08000001", "0800000144", "08000001A"],
    },
];

#[test]
fn numbers_of_registers_are_accepted_as_the_register_writes_them() {
    for Register { country, scheme: id, accepted, rejected } in REGISTERS {
        let scheme = Scheme::find(country, id).unwrap_or_else(|| panic!("{country} {id}"));
        for (written, stored) in accepted {
            assert_eq!(scheme.check(written).as_deref(), Ok(*stored), "{country} {id}: {written}");
            assert_eq!(scheme.check(stored).as_deref(), Ok(*stored), "{country} {id}: {stored}");
        }
        for number in rejected {
            assert!(scheme.check(number).is_err(), "{country} {id}: {number}");
        }
    }
}

fn of(country: &str, number: &str) -> (bool, Option<&'static str>) {
    let country: Country = country.parse().unwrap();
    let accepted = check(country, number);
    let scheme = accepted.as_ref().ok().and_then(|accepted| accepted.scheme);
    (accepted.is_ok(), scheme.map(|scheme| scheme.id.as_str()))
}

#[test]
fn an_euid_belongs_to_the_country_that_it_names() {
    for (country, number) in [
        ("DE", "DEF1103R.HRB12345B"),
        ("GR", "ELGEMI.077700527000"),
        ("GR", "GRGEMI.077700527000"),
        ("NO", "NOFOR.923609016"),
        ("MT", "MTROC.C22796"),
    ] {
        assert_eq!(of(country, number), (true, Some("euid")), "{country} {number}");
    }
    // A number of another country, and a country outside the system, have no such scheme.
    for (country, number) in
        [("FR", "DEF1103R.HRB12345B"), ("US", "DEF1103R.HRB12345B"), ("GB", "GBCH.01234567")]
    {
        assert_eq!(of(country, number), (true, None), "{country} {number}");
    }
}
