//! Reads a pipeline's operators off the name of its type.

use std::any::type_name;

use super::Operator;
use crate::runtime::TaskRecords;

/// The last operator of a pipeline of that type; what comes before it is among its inputs. `None` if the type does not
/// show them, as behind a `dyn`.
pub(super) fn operator(type_name: &str) -> Option<Operator> {
    if is_source(type_name) {
        return Some(Operator {
            name: "source".to_owned(),
            types: Vec::new(),
            inputs: Vec::new(),
        });
    }
    let (path, arguments) = generic(type_name)?;
    let (mut inputs, mut types) = (Vec::new(), Vec::new());
    for argument in arguments {
        match operator(argument) {
            Some(input) => inputs.push(input),
            None => types.extend(short(argument)),
        }
    }
    let name = path.rsplit("::").next().unwrap_or(path);
    if matches!(name, "Pin" | "Box") {
        return inputs.pop();
    }
    let name = snake_case(name);
    (!inputs.is_empty()).then_some(Operator {
        name,
        types,
        inputs,
    })
}

/// Whether a pipeline begins there.
fn is_source(name: &str) -> bool {
    name == type_name::<TaskRecords>()
}

/// A type as one would write it; nothing for a closure or a function pointer, whose names say nothing.
pub(super) fn short(name: &str) -> Option<String> {
    if name.contains("{{closure}}") || name.contains("fn(") {
        return None;
    }
    let mut short = String::with_capacity(name.len());
    let mut word = String::new();
    for c in name.chars() {
        match c {
            ':' | '_' => word.push(c),
            c if c.is_alphanumeric() => word.push(c),
            _ => {
                short.push_str(last_segment(&word));
                word.clear();
                short.push(c);
            }
        }
    }
    short.push_str(last_segment(&word));
    Some(short)
}

/// The last part of a path, with the type that it is a method of.
fn last_segment(path: &str) -> &str {
    let Some((before, last)) = path.rsplit_once("::") else {
        return path;
    };
    let owner = before.rsplit("::").next().unwrap_or(before);
    let is_method = last.starts_with(|c: char| c.is_lowercase())
        && owner.starts_with(|c: char| c.is_uppercase());
    if is_method {
        path.get(path.len() - owner.len() - 2 - last.len()..)
            .unwrap_or(last)
    } else {
        last
    }
}

/// Splits `path<arguments>`.
fn generic(name: &str) -> Option<(&str, Vec<&str>)> {
    let (path, rest) = name.split_once('<')?;
    let rest = rest.strip_suffix('>')?;
    if path.is_empty()
        || !path
            .chars()
            .all(|c| c.is_alphanumeric() || "_:".contains(c))
    {
        return None;
    }
    let (mut arguments, mut depth, mut from) = (Vec::new(), 0_u32, 0);
    let mut previous = ' ';
    for (at, c) in name.char_indices().skip(path.chars().count() + 1) {
        let at = at.checked_sub(path.len() + 1)?;
        match c {
            '<' | '(' | '[' => depth += 1,
            // Not the arrow of a function's type.
            '>' if previous == '-' => {}
            '>' | ')' | ']' if at < rest.len() => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                arguments.push(rest.get(from..at)?.trim());
                from = at + 1;
            }
            _ => {}
        }
        previous = c;
    }
    arguments.push(rest.get(from..)?.trim());
    Some((path, arguments))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 2);
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(mut operator: Operator) -> Vec<String> {
        let mut names = vec![format!("{}({})", operator.name, operator.types.join(" "))];
        while let Some(input) = operator.inputs.pop() {
            names.push(format!("{}({})", input.name, input.types.join(" ")));
            operator = input;
        }
        names
    }

    #[test]
    fn the_names_of_types_tell_the_operators() {
        let source = type_name::<TaskRecords>();
        let name = format!(
            "x::Emitted<x::KeyBy<x::Decode<{source}, my::Number>, my::f<{source}>::{{{{closure}}}}>, \
             x::Tumbling, alloc::string::String, for<'a> fn(&'a mut u64, &(u8, u8)) -> u64, \
             (u8, my::Flight::positioned)>"
        );
        assert_eq!(
            chain(operator(&name).unwrap()),
            [
                "emitted(Tumbling String (u8, Flight::positioned))",
                "key_by()",
                "decode(Number)",
                "source()",
            ]
        );
        let boxed = format!("core::pin::Pin<alloc::boxed::Box<x::Map<{source}, my::f>>>");
        assert_eq!(chain(operator(&boxed).unwrap()), ["map(f)", "source()"]);
        let merged = format!("x::Merge<x::Map<{source}, f>, {source}>");
        assert_eq!(operator(&merged).unwrap().inputs.len(), 2);
    }

    #[test]
    fn other_names_tell_nothing() {
        for name in [
            "",
            "<",
            "x<",
            "x<>",
            "dyn x::Records<Item = u8>",
            "x<a>::b",
            "x<a>>",
            "x<(>",
            "é<é,>",
        ] {
            assert_eq!(operator(name), None, "{name}");
        }
    }
}
