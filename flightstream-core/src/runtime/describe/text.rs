use std::fmt::{self, Display, Formatter};

use super::{Operator, SinkDescription, Topology};
use crate::runtime::Delivery;

/// A line for each part, in the order that records take. Where branches meet, each is indented.
impl Display for Topology {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { app, group, .. } = self;
        let delivery = match self.delivery {
            Delivery::AtLeastOnce => "at least once",
            Delivery::ExactlyOnce => "exactly once",
        };
        writeln!(f, "app {app}, group {group}, {delivery}")?;
        match &self.pipeline {
            Some(operator) => self.operators(operator, 1, f)?,
            None => {
                writeln!(f, "  source  topic {}", self.source)?;
                writeln!(f, "  …  a pipeline that does not show its operators")?;
            }
        }
        writeln!(f, "  sink  {}", self.sink)?;
        if let Some(topic) = &self.dead_letters {
            writeln!(f, "  dead letters  topic {topic}")?;
        }
        for store in &self.stores {
            let (name, holds, changelog) = (store.name, &store.holds, &store.changelog);
            writeln!(f, "  store {name}  {holds}, topic {changelog}")?;
        }
        for topic in &self.repartitions {
            writeln!(f, "  between tasks  topic {topic}")?;
        }
        for table in &self.tables {
            writeln!(f, "  table {table}")?;
        }
        for topic in &self.topic_tables {
            writeln!(f, "  table  topic {topic}")?;
        }
        Ok(())
    }
}

impl Topology {
    fn operators(&self, operator: &Operator, depth: usize, f: &mut Formatter<'_>) -> fmt::Result {
        let indent = "  ".repeat(depth);
        if operator.inputs.is_empty() {
            return writeln!(f, "{indent}source  topic {}", self.source);
        }
        let branch = usize::from(operator.inputs.len() > 1);
        for input in &operator.inputs {
            self.operators(input, depth + branch, f)?;
        }
        writeln!(f, "{indent}{operator}")
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.types.is_empty() {
            write!(f, "  {}", self.types.join(", "))?;
        }
        Ok(())
    }
}

impl Display for SinkDescription {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.topic {
            Some(topic) => write!(f, "topic {topic}, {}", self.kind),
            None => f.write_str(&self.kind),
        }
    }
}
