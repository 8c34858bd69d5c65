//! Parses JSON with bounded memory, and finds repeated members.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::problem::{Kind, Problem};

/// Maximum number of repeated members: one for each request of a batch.
const REPEATED_MAX: usize = 1_000;
/// Maximum length of all their pointers together, in bytes. Pointers contain the names of all outer members,
/// so they can be much longer than the text.
const POINTERS_MAX: usize = 256 * 1024;

/// A JSON text.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The value. A repeated member is null in it.
    pub(super) value: Value,
    /// JSON pointers of members that occur more than once in their object, which has no defined meaning (RFC
    /// 8259, section 4).
    pub(super) repeated: Vec<String>,
}

/// Parses `bytes`, which may contain at most `values_max` values: the memory that they take is bounded by
/// their number, not by the length of the text.
///
/// # Errors
/// Returns the [`Problem`] to answer with if `bytes` is not JSON or contains too many values.
pub(super) fn parse(bytes: &[u8], values_max: usize) -> Result<Parsed, Problem> {
    let mut walk = Walk {
        pointer: String::new(),
        repeated: Vec::new(),
        pointers_left: POINTERS_MAX,
        values_left: values_max,
        stopped: None,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = NextValue(&mut walk)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    parsed.map(|value| Parsed { value, repeated: walk.repeated }).map_err(|error| match walk.stopped {
        Some(Stopped::Values) => {
            let detail = format!("the body has more than the allowed {values_max} JSON values: send fewer");
            Problem::new(Kind::BodyTooLarge, detail)
        }
        Some(Stopped::Repeated) => {
            let detail = "fields of the body occur more than once, too many to list: send each field once";
            Problem::new(Kind::MalformedJson, detail)
        }
        None => {
            let (line, column) = (error.line(), error.column());
            let message = error.to_string();
            // The message of serde_json ends with the position, which the detail already states at its start.
            let reason = message.split(" at line ").next().unwrap_or_default();
            let detail = format!("the body is not valid JSON at line {line}, column {column}: {reason}");
            Problem::new(Kind::MalformedJson, detail)
        }
    })
}

/// Returns `name` as a segment of a JSON pointer (RFC 6901), with its slash.
pub(super) fn segment(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Why a walk ended early.
#[derive(Clone, Copy)]
enum Stopped {
    /// There are too many values.
    Values,
    /// There are too many repeated members.
    Repeated,
}

/// The state of a walk through a JSON text.
struct Walk {
    /// The location of the current value.
    pointer: String,
    repeated: Vec<String>,
    pointers_left: usize,
    values_left: usize,
    stopped: Option<Stopped>,
}

impl Walk {
    fn count_value<E: serde::de::Error>(&mut self) -> Result<(), E> {
        match self.values_left.checked_sub(1) {
            Some(left) => self.values_left = left,
            None => return Err(self.stop(Stopped::Values)),
        }
        Ok(())
    }

    /// Records that the current member is repeated.
    fn repeat<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.repeated.contains(&self.pointer) {
            return Ok(());
        }
        match self.pointers_left.checked_sub(self.pointer.len()) {
            Some(left) if self.repeated.len() < REPEATED_MAX => self.pointers_left = left,
            _ => return Err(self.stop(Stopped::Repeated)),
        }
        self.repeated.push(self.pointer.clone());
        Ok(())
    }

    fn stop<E: serde::de::Error>(&mut self, why: Stopped) -> E {
        self.stopped = Some(why);
        E::custom("stopped")
    }
}

/// Parses the next value of the text.
struct NextValue<'a>(&'a mut Walk);

impl<'de> DeserializeSeed<'de> for NextValue<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.count_value()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NextValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let walk = self.0;
        let at = walk.pointer.len();
        let mut values = Vec::new();
        loop {
            walk.pointer.push_str(&format!("/{}", values.len()));
            let next = access.next_element_seed(NextValue(walk))?;
            walk.pointer.truncate(at);
            match next {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let walk = self.0;
        let at = walk.pointer.len();
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            walk.pointer.push_str(&segment(&name));
            let repeats = members.contains_key(&name);
            if repeats {
                walk.repeat()?;
            }
            let value = access.next_value_seed(NextValue(walk))?;
            walk.pointer.truncate(at);
            members.insert(name, if repeats { Value::Null } else { value });
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parsed(text: &str) -> Parsed {
        parse(text.as_bytes(), 100).unwrap()
    }

    #[test]
    fn repeated_members_are_found_at_every_level() {
        let text = r#"{"a": 1, "a": 2, "a": {"x": 0, "x": 0}, "list": [{"m": {"k": "1", "k": "2"}}, {"y/~": 1, "y/~": 1}], "b": 1}"#;
        let Parsed { value, repeated } = parsed(text);
        assert_eq!(repeated, ["/a", "/a/x", "/list/0/m/k", "/list/1/y~1~0"]);
        assert_eq!((&value["a"], &value["b"]), (&Value::Null, &json!(1)), "no value counts");
        // The same name written differently is the same name.
        assert_eq!(parsed(r#"{"a": 1, "\u0061": 2}"#).repeated, ["/a"]);
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let exactly = format!("[{}0]", "0,".repeat(98));
        assert!(parse(exactly.as_bytes(), 100).is_ok());
        let more = format!("[{}0]", "0,".repeat(99));
        let problem = format!("{:?}", parse(more.as_bytes(), 100).unwrap_err());
        assert!(problem.contains("BodyTooLarge"), "{problem}");
    }

    #[test]
    fn pointers_of_repeated_members_are_bounded() {
        let members = "\"a\":1,\"a\":1,\"b\":1,\"b\":1,\"c\":1,\"c\":1";
        let text = format!("{{\"{}\": {{{members}}}}}", "x".repeat(100_000));
        let problem = format!("{:?}", parse(text.as_bytes(), 1_000).unwrap_err());
        assert!(problem.contains("too many to list"), "{problem}");
        let many: Vec<String> = (0..1_001).map(|index| format!("\"{index}\":1,\"{index}\":1")).collect();
        let problem = parse(format!("{{{}}}", many.join(",")).as_bytes(), 10_000).unwrap_err();
        assert!(format!("{problem:?}").contains("too many to list"));
        let most = format!("{{{}}}", many[1..].join(","));
        assert_eq!(parse(most.as_bytes(), 10_000).unwrap().repeated.len(), 1_000);
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_position() {
        for text in ["", "{", "{\"a\":1,}", "[1 2]", "{} {}", "nul", "\"\u{1}\"", &"[".repeat(500)] {
            let problem = format!("{:?}", parse(text.as_bytes(), 1_000).unwrap_err());
            assert!(problem.contains("MalformedJson") && problem.contains("line 1, column"), "{problem}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..6).prop_map(|members| json!(members)),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_without_repetitions_is_parsed_as_serde_json_does(value in any_json()) {
            let text = value.to_string();
            let parsed = parse(text.as_bytes(), 1_000).unwrap();
            prop_assert_eq!(parsed.value, serde_json::from_str::<Value>(&text).unwrap());
            prop_assert!(parsed.repeated.is_empty());
        }
    }
}
