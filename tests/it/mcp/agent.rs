//! A raw client of `nebulusdb mcp`: writes JSON-RPC lines, reads JSON-RPC lines, and knows nothing else of the protocol.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Server, program};

/// Longest wait for one message.
const MESSAGE_SECONDS_MAX: u64 = 60;

/// A running `nebulusdb mcp`; killed when dropped.
pub struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    last_id: u64,
    /// Messages that came before the answer that was waited for.
    pub others: Vec<Value>,
}

/// What a tool answered.
#[derive(Debug)]
pub struct Called {
    pub is_error: bool,
    /// The structure, or null.
    pub value: Value,
    pub text: String,
}

impl Agent {
    /// An agent of a server, with further arguments, that has shaken hands.
    pub fn start(server: &Server, arguments: &[&str]) -> Agent {
        Agent::on(&format!("postgresql://nebulus@{}/nebulus", server.address), arguments)
    }

    pub fn on(url: &str, arguments: &[&str]) -> Agent {
        let mut agent = Agent::silent(url, arguments);
        let answer = agent.request(
            "initialize",
            &json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}),
        );
        assert_eq!(answer["result"]["serverInfo"]["name"], "nebulusdb", "{answer}");
        agent.notify("notifications/initialized", &json!({}));
        agent
    }

    /// An agent that has said nothing yet.
    pub fn silent(url: &str, arguments: &[&str]) -> Agent {
        let mut child = program()
            .arg("mcp")
            .args(["--url", url])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the agent's process starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                let line = line.expect("text");
                let message = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no message: {line}"));
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Agent { child, input, messages, last_id: 0, others: Vec::new() }
    }

    pub fn write(&mut self, line: &str) {
        let input = self.input.as_mut().expect("open");
        writeln!(input, "{line}").expect("the agent reads");
        input.flush().expect("the agent reads");
    }

    pub fn notify(&mut self, method: &str, params: &Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string());
    }

    /// Sends a request; its number.
    pub fn send(&mut self, method: &str, params: &Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        id
    }

    pub fn read(&mut self) -> Value {
        let message = self.messages.recv_timeout(Duration::from_secs(MESSAGE_SECONDS_MAX));
        message.expect("a message comes")
    }

    /// The answer to a request.
    pub fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
            self.others.push(message);
        }
    }

    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.send(method, params);
        self.answer(id)
    }

    /// Calls a tool.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Called {
        let answer = self.request("tools/call", &json!({"name": tool, "arguments": arguments}));
        called(&answer)
    }

    /// Calls a tool that has to succeed; its structure.
    pub fn done(&mut self, tool: &str, arguments: &Value) -> Value {
        let called = self.call(tool, arguments);
        assert!(!called.is_error, "{tool}({arguments}): {}", called.text);
        called.value
    }

    /// Calls a tool that has to fail; what it says.
    pub fn refused(&mut self, tool: &str, arguments: &Value) -> String {
        let called = self.call(tool, arguments);
        assert!(called.is_error, "{tool}({arguments}) was done: {}", called.text);
        called.text
    }

    /// Ends its input; its exit status, and what it said on standard error.
    pub fn end(mut self) -> (bool, String) {
        drop(self.input.take());
        let mut said = String::new();
        let mut error = self.child.stderr.take().expect("piped");
        std::io::Read::read_to_string(&mut error, &mut said).expect("text");
        (self.child.wait().expect("it ends").success(), said)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What the answer to a call of a tool holds.
pub fn called(answer: &Value) -> Called {
    let result = &answer["result"];
    assert!(result.is_object(), "no result: {answer}");
    Called {
        is_error: result["isError"] == true,
        value: result["structuredContent"].clone(),
        text: result["content"][0]["text"].as_str().unwrap_or_default().to_string(),
    }
}
