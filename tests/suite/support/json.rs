//! A reader of JSON that takes what RFC 8259 allows, and nothing else.

use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// A whole number that is not negative: no other comes.
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads a whole text.
    #[track_caller]
    pub fn read(text: &str) -> Json {
        let mut rest = text;
        let value = value(&mut rest);
        assert_eq!(rest.trim_start_matches([' ', '\n', '\r', '\t']), "", "something follows the value");
        value
    }

    /// A field of an object.
    #[track_caller]
    pub fn get(&self, name: &str) -> &Json {
        match self {
            Json::Object(fields) => fields.get(name).unwrap_or_else(|| panic!("no {name:?} in {self:?}")),
            _ => panic!("no object: {self:?}"),
        }
    }

    #[track_caller]
    pub fn list(&self) -> &[Json] {
        match self {
            Json::List(values) => values,
            _ => panic!("no list: {self:?}"),
        }
    }

    #[track_caller]
    pub fn number(&self) -> u64 {
        match self {
            Json::Number(number) => *number,
            _ => panic!("no number: {self:?}"),
        }
    }

    #[track_caller]
    pub fn text(&self) -> &str {
        match self {
            Json::Text(text) => text,
            _ => panic!("no text: {self:?}"),
        }
    }
}

fn skip_space(rest: &mut &str) {
    *rest = rest.trim_start_matches([' ', '\n', '\r', '\t']);
}

fn take(rest: &mut &str, token: &str) -> bool {
    skip_space(rest);
    let found = rest.strip_prefix(token);
    *rest = found.unwrap_or(rest);
    found.is_some()
}

#[track_caller]
fn expect(rest: &mut &str, token: &str) {
    assert!(take(rest, token), "{token:?} expected before {:?}", rest.chars().take(60).collect::<String>());
}

fn value(rest: &mut &str) -> Json {
    for (token, value) in [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))] {
        if take(rest, token) {
            return value;
        }
    }
    if take(rest, "[") {
        let mut values = Vec::new();
        while !take(rest, "]") {
            if !values.is_empty() {
                expect(rest, ",");
            }
            values.push(value(rest));
        }
        return Json::List(values);
    }
    if take(rest, "{") {
        let mut fields = BTreeMap::new();
        while !take(rest, "}") {
            if !fields.is_empty() {
                expect(rest, ",");
            }
            let name = string(rest);
            expect(rest, ":");
            assert_eq!(fields.insert(name, value(rest)), None, "a name stands twice");
        }
        return Json::Object(fields);
    }
    if rest.starts_with('"') {
        return Json::Text(string(rest));
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    assert!(digits == "0" || !digits.starts_with('0'), "a number with a zero in front: {digits}");
    *rest = after;
    Json::Number(digits.parse().unwrap_or_else(|_| panic!("a value expected: {:?}", digits)))
}

fn string(rest: &mut &str) -> String {
    expect(rest, "\"");
    let mut out = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next().expect("the end of a string") {
            '"' => break,
            '\\' => match chars.next().expect("an escape") {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&digits, 16).expect("four hexadecimal digits");
                    out.push(char::from_u32(code).expect("no half of a pair"));
                }
                c @ ('"' | '\\' | '/') => out.push(c),
                c => panic!("\\{c} is no escape"),
            },
            c => {
                assert!(!c.is_control(), "a bare control character: {c:?}");
                out.push(c);
            }
        }
    }
    *rest = chars.as_str();
    out
}
