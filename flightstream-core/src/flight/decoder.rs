use crate::batch::Rejection;

/// Makes typed values of a source's messages.
///
/// A decoder belongs to one task and may keep buffers between messages, which is why it is `&mut`. It never panics and
/// never fails the task: a message that it cannot read is refused with a reason.
pub trait Decode {
    /// What a message becomes.
    type Output;
    /// Why a message is refused.
    type Error: Into<Rejection>;

    /// Decodes one message.
    ///
    /// # Errors
    /// If the message is not what this decoder reads; it goes to the dead-letter topic as it came.
    fn decode(&mut self, raw: &[u8]) -> Result<Self::Output, Self::Error>;
}
