//! A mail server that takes everything and keeps it: RFC 5321 as far as senders need it.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::support::eventually;

/// A mail as it came in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Headers and text, lines ended by `\n`.
    pub(crate) data: String,
}

impl Mail {
    pub(crate) fn head(&self) -> &str {
        self.data.split_once("\n\n").map_or("", |(head, _)| head)
    }
}

/// Listens until it is dropped.
pub(crate) struct Mailbox {
    pub(crate) port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    serving: JoinHandle<()>,
}

impl Mailbox {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = mails.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // One that hangs up in between has sent nothing.
                if let Ok(mail) = converse(stream).await {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).extend(mail);
                }
            }
        });
        Ok(Self { port, mails, serving })
    }

    pub(crate) async fn wait_for(&self, count: usize) -> Result<Vec<Mail>> {
        eventually(&format!("{count} mails arrive"), || async {
            let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Ok((mails.len() >= count).then_some(mails))
        })
        .await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One connection, to its end.
async fn converse(stream: TcpStream) -> Result<Vec<Mail>> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example.com ready\r\n").await?;
    let (mut mails, mut mail, mut line) = (Vec::new(), Mail::default(), String::new());
    while stream.read_line(&mut line).await? > 0 {
        let answer = match line.trim_end().split_once([' ', ':']) {
            Some(("EHLO", _)) => "250 mail.example.com",
            Some(("MAIL", from)) => {
                from.trim_start_matches("FROM:").clone_into(&mut mail.from);
                "250 2.1.0 ok"
            }
            // One that is not there.
            Some(("RCPT", to)) if to.contains("nobody@") => "550 5.1.1 no such user here",
            Some(("RCPT", to)) => {
                mail.to.push(to.trim_start_matches("TO:").to_owned());
                "250 2.1.5 ok"
            }
            None if line.starts_with("DATA") => {
                stream.write_all(b"354 go on\r\n").await?;
                mail.data = data(&mut stream).await?;
                mails.push(std::mem::take(&mut mail));
                "250 2.0.0 queued as 4711"
            }
            None if line.starts_with("QUIT") => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(mails);
            }
            Some(_) | None => "502 5.5.1 not known",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        line.clear();
    }
    Ok(mails)
}

/// Up to the line with a single dot.
async fn data(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let (mut data, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        anyhow::ensure!(stream.read_line(&mut line).await? > 0, "the mail has no end");
        match line.trim_end_matches(['\r', '\n']) {
            "." => return Ok(data),
            text => {
                data.push_str(text.strip_prefix('.').unwrap_or(text));
                data.push('\n');
            }
        }
    }
}
