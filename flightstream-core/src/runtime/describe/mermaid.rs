use std::fmt::{self, Display, Formatter};

use super::{Operator, Topology};

impl Topology {
    /// The topology as a Mermaid flowchart, which many a Markdown viewer draws.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut chart = Chart {
            text: "flowchart LR\n".to_owned(),
            nodes: 0,
        };
        let source = chart.topic(&self.source);
        chart.text.push_str("subgraph pipeline\n");
        let last = match &self.pipeline {
            Some(operator) => chart.operator(operator, source),
            None => {
                let hidden = chart.node("[\"", "…", "\"]");
                chart.edge(source, "-->", hidden)
            }
        };
        chart.text.push_str("end\n");
        let sink = match &self.sink.topic {
            Some(topic) => chart.topic(topic),
            None => chart.node("[\"", &self.sink.kind, "\"]"),
        };
        chart.edge(last, "-->", sink);
        if let Some(topic) = &self.dead_letters {
            let letters = chart.topic(topic);
            chart.edge("pipeline", "-.->|refused|", letters);
        }
        for store in &self.stores {
            let node = chart.node("[(\"", store.name, "\")]");
            chart.edge("pipeline", "<-->", node);
            let changelog = chart.topic(&store.changelog);
            chart.edge(node, "<-->", changelog);
        }
        for topic in &self.repartitions {
            let node = chart.topic(topic);
            chart.edge("pipeline", "<-->", node);
        }
        for topic in &self.topic_tables {
            let node = chart.topic(topic);
            chart.edge(node, "-->", "pipeline");
        }
        for table in &self.tables {
            let node = chart.node("[(\"", table, "\")]");
            chart.edge(node, "-->", "pipeline");
        }
        chart.text
    }
}

struct Chart {
    text: String,
    nodes: u32,
}

/// A node's name in the chart.
#[derive(Clone, Copy)]
struct Node(u32);

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

impl Chart {
    fn topic(&mut self, topic: &str) -> Node {
        self.node("([\"", topic, "\"])")
    }

    fn node(&mut self, open: &str, label: &str, close: &str) -> Node {
        let node = Node(self.nodes);
        self.nodes += 1;
        let label = label
            .replace('#', "#35;")
            .replace('"', "#quot;")
            .replace('<', "#lt;")
            .replace('>', "#gt;");
        self.text.push_str(&format!("{node}{open}{label}{close}\n"));
        node
    }

    /// Draws an edge and returns where it ends.
    fn edge<T: Display>(&mut self, from: impl Display, arrow: &str, to: T) -> T {
        self.text.push_str(&format!("{from} {arrow} {to}\n"));
        to
    }

    /// Draws an operator after what it takes its records from.
    fn operator(&mut self, operator: &Operator, source: Node) -> Node {
        if operator.inputs.is_empty() {
            return source;
        }
        let inputs = operator.inputs.iter();
        let inputs: Vec<Node> = inputs.map(|input| self.operator(input, source)).collect();
        let node = self.node("[\"", &operator.to_string(), "\"]");
        for input in inputs {
            self.edge(input, "-->", node);
        }
        node
    }
}
