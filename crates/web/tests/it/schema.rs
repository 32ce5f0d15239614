//! As much of JSON Schema as the API's description uses; a word that isn't known here is refused.

use serde_json::Value;

/// Checks `value` against `schema` of `document`.
pub(crate) fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#')).expect(name);
        return check(document, schema, value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let null = choices.iter().any(|choice| choice["type"] == "null");
        if null && value.is_null() {
            return;
        }
        let other = choices.iter().find(|choice| choice["type"] != "null").unwrap();
        return check(document, other, value, at);
    }
    for word in schema.as_object().unwrap().keys() {
        let known = [
            "type",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "enum",
            "format",
            "minimum",
            "description",
        ];
        assert!(known.contains(&word.as_str()), "{at}: {word}");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap()).collect(),
        other => panic!("{at}: no type but {other}"),
    };
    assert!(allowed.contains(&kind), "{at}: {value} is no {allowed:?}");
    if let Some(values) = schema["enum"].as_array() {
        assert!(values.contains(value), "{at}: {value} is none of {values:?}");
    }
    if schema["format"] == "date-time" && !value.is_null() {
        let text = value.as_str().unwrap();
        assert!(
            text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T',
            "{at}: {text}"
        );
    }
    match value {
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                check(document, &schema["items"], item, &format!("{at}[{n}]"));
            }
        }
        Value::Object(members) if schema["properties"].is_object() => {
            for required in schema["required"].as_array().unwrap() {
                assert!(
                    members.contains_key(required.as_str().unwrap()),
                    "{at}: {required} is missing"
                );
            }
            for (name, member) in members {
                let known = &schema["properties"][name];
                assert!(known.is_object(), "{at}: {name} is not described");
                check(document, known, member, &format!("{at}.{name}"));
            }
        }
        _ => {}
    }
}
