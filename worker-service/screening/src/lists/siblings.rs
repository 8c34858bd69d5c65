//! The other files of a list that consists of several, by their names.

/// The other files of one of OFAC's lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Siblings {
    /// The file of other names.
    pub other_names: String,
    /// The file of addresses.
    pub addresses: String,
    /// The file in which long remarks go on. It is needed only if there are such remarks.
    pub remarks: String,
}

/// The name of the main file of a list, without its ending, and those of the others.
const NAMES: [(&str, [&str; 3]); 2] =
    [("CONS_PRIM", ["CONS_ALT", "CONS_ADD", "CONS_COMMENTS"]), ("SDN", ["ALT", "ADD", "SDN_COMMENTS"])];
const ENDING: &str = ".CSV";

/// Returns the locations of the other files if `path` (a path or URL) names the main file of a list of OFAC as
/// CSV: SDN.CSV or CONS_PRIM.CSV, in either case, perhaps with something before it such as a date. They are
/// expected beside it.
pub fn siblings(path: &str) -> Option<Siblings> {
    // Only the last part of the path is the file's name, and a URL may go on with a query.
    let folder = path.split('?').next()?.rfind(['/', '\\']).map_or(0, |at| at + 1);
    let name = &path[folder..];
    NAMES.iter().find_map(|(main, others)| {
        let at = name.to_ascii_uppercase().find(&format!("{main}{ENDING}"))?;
        let before = name[..at].chars().next_back();
        if before.is_some_and(char::is_alphanumeric) {
            return None;
        }
        let is_lower_case = name[at..].starts_with(|c: char| c.is_ascii_lowercase());
        let sibling = |other: &str| {
            let other = if is_lower_case { other.to_ascii_lowercase() } else { other.to_owned() };
            format!("{}{}{other}{}", &path[..folder], &name[..at], &name[at + main.len()..])
        };
        let [other_names, addresses, remarks] = others.map(sibling);
        Some(Siblings { other_names, addresses, remarks })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_files_are_beside_the_main_one() {
        let beside = |path: &str| {
            siblings(path)
                .map(|Siblings { other_names, addresses, remarks }| [other_names, addresses, remarks])
        };
        for (path, others) in [
            ("/a/SDN.CSV", ["/a/ALT.CSV", "/a/ADD.CSV", "/a/SDN_COMMENTS.CSV"]),
            ("s3://b/sdn.csv", ["s3://b/alt.csv", "s3://b/add.csv", "s3://b/sdn_comments.csv"]),
            (
                "https://x/SDN.CSV?t=/1",
                ["https://x/ALT.CSV?t=/1", "https://x/ADD.CSV?t=/1", "https://x/SDN_COMMENTS.CSV?t=/1"],
            ),
            ("ofac-cons_prim.csv", ["ofac-cons_alt.csv", "ofac-cons_add.csv", "ofac-cons_comments.csv"]),
        ] {
            assert_eq!(beside(path), Some(others.map(str::to_owned)), "{path}");
        }
        for other in ["/a/list.xml", "/sdn.csv/list.xml", "/a/oldsdn.csv", "SDN_COMMENTS.CSV", ""] {
            assert_eq!(beside(other), None, "{other}");
        }
    }
}
