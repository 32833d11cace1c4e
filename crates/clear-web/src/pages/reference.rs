//! The reference, drawn from the OpenAPI document.

use askama::Template;
use serde_json::Value;

use crate::pages::chrome::Chrome;

struct Section {
    name: String,
    words: String,
    operations: Vec<Operation>,
}

struct Operation {
    name: String,
    method: String,
    path: String,
    words: String,
    who: &'static str,
    parameters: Vec<Parameter>,
    /// Whether it takes the headers of an inquiry.
    inquiry: bool,
    example: Option<String>,
    body: Option<String>,
    answers: Vec<Answer>,
}

struct Parameter {
    name: String,
    place: String,
    words: String,
}

struct Answer {
    status: String,
    words: String,
    schema: Option<String>,
}

struct Schema {
    name: String,
    words: String,
    fields: Vec<SchemaField>,
}

struct SchemaField {
    name: String,
    holds: String,
    words: String,
    required: bool,
}

#[derive(Template)]
#[template(path = "reference.html")]
struct Reference {
    chrome: Chrome,
    words: Vec<String>,
    sections: Vec<Section>,
    schemas: Vec<Schema>,
    /// The headers of an inquiry, which are the same wherever they are taken.
    inquiry: Vec<Parameter>,
    /// What every operation may answer instead.
    refusals: Vec<Answer>,
}

/// The page, rendered once for a process.
///
/// # Errors
/// When the template fails, which is a fault of ours.
pub(crate) fn render(document: &Value) -> Result<String, askama::Error> {
    let tags = document.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let sections = tags.iter().map(|tag| {
        let name = text(tag, "name");
        Section { operations: operations(document, &name), words: text(tag, "description"), name }
    });
    let page = Reference {
        chrome: Chrome::bare("docs"),
        words: text(document.get("info").unwrap_or(&Value::Null), "description")
            .split("\n\n")
            .map(str::to_owned)
            .collect(),
        sections: sections.collect(),
        schemas: schemas(document),
        inquiry: document.pointer("/paths/~1api~1v1~1find/get").map(|find| parameters(find, true)).unwrap_or_default(),
        refusals: document.pointer("/paths/~1api~1v1~1find/post").map(|find| answers(find, true)).unwrap_or_default(),
    };
    page.render()
}

fn text(value: &Value, name: &str) -> String {
    // Descriptions are Markdown, of which they use the code marks only.
    value.get(name).and_then(Value::as_str).unwrap_or_default().trim().replace('`', "")
}

fn operations(document: &Value, tag: &str) -> Vec<Operation> {
    // In the order of the table of routes, which is the order of importance.
    let described = crate::ROUTES.iter().filter_map(|route| {
        let method = route.method.to_ascii_lowercase();
        Some((route.path, method.clone(), document.get("paths")?.get(route.described())?.get(method)?))
    });
    let tagged =
        described.filter(|(_, _, operation)| operation.pointer("/tags/0").and_then(Value::as_str) == Some(tag));
    tagged.map(|(path, method, operation)| read(path, &method, operation)).collect()
}

fn read(path: &str, method: &str, operation: &Value) -> Operation {
    let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
    let first = content.and_then(|content| content.values().next());
    let name = text(operation, "operationId");
    let words = [text(operation, "summary"), text(operation, "description")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    Operation {
        who: crate::ROUTES.iter().find(|route| route.name == name).map_or("", |route| route.who),
        name,
        method: method.to_uppercase(),
        path: path.to_owned(),
        words,
        parameters: parameters(operation, false),
        inquiry: !parameters(operation, true).is_empty(),
        example: first
            .and_then(|content| content.get("example"))
            .and_then(|example| serde_json::to_string_pretty(example).ok()),
        body: first.and_then(|content| schema_name(content.get("schema")?)),
        answers: answers(operation, false),
    }
}

/// An operation's own parameters, or the headers of its inquiry.
fn parameters(operation: &Value, inquiry: bool) -> Vec<Parameter> {
    let all = operation.get("parameters").and_then(Value::as_array).into_iter().flatten().map(|parameter| Parameter {
        name: text(parameter, "name"),
        place: text(parameter, "in"),
        words: text(parameter, "description"),
    });
    all.filter(|parameter| parameter.name.starts_with("X-Inquiry") == inquiry).collect()
}

/// An operation's own answers, or the refusals that all have alike.
fn answers(operation: &Value, refusals: bool) -> Vec<Answer> {
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let all = responses.map(|(status, answer)| Answer {
        status: status.clone(),
        words: text(answer, "description"),
        schema: answer
            .get("content")
            .and_then(Value::as_object)
            .and_then(|content| schema_name(content.values().next()?.get("schema")?)),
    });
    all.filter(|answer| (answer.schema.as_deref() == Some("Problem") && answer.status != "404") == refusals).collect()
}

/// The schema that a reference leads to.
fn schema_name(schema: &Value) -> Option<String> {
    schema.get("$ref")?.as_str()?.rsplit('/').next().map(str::to_owned)
}

fn schemas(document: &Value) -> Vec<Schema> {
    let all = document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    all.map(|(name, schema)| {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let fields = properties.map(|(field, holds)| SchemaField {
            required: required.contains(&field.as_str()),
            name: field.clone(),
            holds: holds_words(holds),
            words: text(holds, "description"),
        });
        Schema { name: name.clone(), words: text(schema, "description"), fields: fields.collect() }
    })
    .collect()
}

fn holds_words(schema: &Value) -> String {
    if let Some(name) = schema_name(schema) {
        return name;
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(schemas) = schema.get(several).and_then(Value::as_array) {
            let words: Vec<String> = schemas.iter().map(holds_words).filter(|words| words != "null").collect();
            return words.join(" or ");
        }
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => {
            format!("list of {}", schema.get("items").map(holds_words).unwrap_or_default())
        }
        Some(Value::String(name)) => match schema.get("format").and_then(Value::as_str) {
            Some(format) if name == "string" => format.to_owned(),
            _ => name.clone(),
        },
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect::<Vec<_>>().join(" or ")
        }
        _ => String::new(),
    }
}
