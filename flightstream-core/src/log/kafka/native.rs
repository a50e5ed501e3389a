//! The calls of librdkafka that its Rust crate does not offer, and that were measured to be worth it: taking a
//! partition's messages many at a time (half the CPU time of one event a message), and producing to a topic by its
//! handle (no look-up of the topic a message). And committing offsets with a limit to the wait for the answer: the
//! crate's own call waits without end when the consumer's membership ends meanwhile.
//!
//! This is the only file of the library with `unsafe` in it. What keeps it sound:
//!
//! - a queue, a topic handle and their client: each holds the client it belongs to, and is given back before it;
//! - messages are borrowed while their closure runs, and given back after it, whatever it does;
//! - the callback of a queue gets a pointer to a waker that outlives the callback's registration.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use futures::task::AtomicWaker;
use rdkafka::TopicPartitionList;
use rdkafka::bindings as librdkafka;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer as _;
use rdkafka::types::{RDKafka, RDKafkaMessage, RDKafkaQueue, RDKafkaRespErr, RDKafkaTopic};

use super::client::{Consumer, Producer};

/// The messages of one partition, apart from those of others.
pub(super) struct PartitionQueue {
    queue: NonNull<RDKafkaQueue>,
    /// Boxed, because librdkafka keeps its address.
    waker: Box<AtomicWaker>,
    messages: Vec<*mut RDKafkaMessage>,
    topic: CString,
    partition: i32,
    consumer: Arc<Consumer>,
}

// SAFETY: librdkafka's queues may be used from any thread; the pointers in `messages` are only there while `drain` runs.
unsafe impl Send for PartitionQueue {}

impl PartitionQueue {
    /// Splits a partition's messages from the consumer's own queue. To be called before the partition is assigned, so
    /// that no message is in the wrong queue.
    pub(super) fn split(consumer: &Arc<Consumer>, topic: &str, partition: i32) -> Option<Self> {
        let topic = CString::new(topic).ok()?;
        let client = consumer.client().native_ptr();
        // SAFETY: the client lives, and the name is a C string.
        let queue =
            unsafe { librdkafka::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition) };
        let queue = NonNull::new(queue)?;
        let waker = Box::new(AtomicWaker::new());
        let opaque = ptr::from_ref(&*waker).cast_mut().cast::<c_void>();
        // SAFETY: the queue was just handed out, and `drop` ends the callback before the waker is freed.
        unsafe {
            librdkafka::rd_kafka_queue_forward(queue.as_ptr(), ptr::null_mut());
            librdkafka::rd_kafka_queue_cb_event_enable(queue.as_ptr(), Some(wake), opaque);
        }
        Some(Self {
            queue,
            waker,
            messages: Vec::new(),
            topic,
            partition,
            consumer: Arc::clone(consumer),
        })
    }

    pub(super) fn consumer(&self) -> &Arc<Consumer> {
        &self.consumer
    }

    /// Calls `waker` when the queue has been empty and is not any more.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Takes the messages that are there, at most so many, and hands them to `read`. It does not wait.
    pub(super) fn drain<R>(&mut self, max: usize, read: impl FnOnce(&[Message<'_>]) -> R) -> R {
        /// Gives the messages back, also when `read` panics.
        struct Taken<'a>(&'a mut Vec<*mut RDKafkaMessage>);

        impl Drop for Taken<'_> {
            fn drop(&mut self) {
                for message in self.0.drain(..) {
                    // SAFETY: librdkafka handed it out, and nothing borrows from it any more.
                    unsafe { librdkafka::rd_kafka_message_destroy(message) };
                }
            }
        }

        self.messages.clear();
        self.messages.reserve(max);
        let taken = Taken(&mut self.messages);
        // SAFETY: there is room for `max` pointers, and librdkafka says how many it has written.
        unsafe {
            let count = librdkafka::rd_kafka_consume_batch_queue(
                self.queue.as_ptr(),
                0,
                taken.0.as_mut_ptr(),
                max,
            );
            taken.0.set_len(usize::try_from(count).unwrap_or(0));
        }
        // SAFETY: `Message` is a transparent wrapper of such a pointer, and the pointers are not null.
        let messages =
            unsafe { slice::from_raw_parts(taken.0.as_ptr().cast::<Message<'_>>(), taken.0.len()) };
        read(messages)
    }

    /// The first offset and the offset after the last message, as of the last fetch; absent before the first one.
    pub(super) fn cached_watermarks(&self) -> Option<(i64, i64)> {
        let (mut low, mut high) = (-1, -1);
        // SAFETY: the client lives, and both pointers are to local variables.
        let error = unsafe {
            librdkafka::rd_kafka_get_watermark_offsets(
                self.consumer.client().native_ptr(),
                self.topic.as_ptr(),
                self.partition,
                &raw mut low,
                &raw mut high,
            )
        };
        (error == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some((low, high))
    }
}

impl Drop for PartitionQueue {
    fn drop(&mut self) {
        // SAFETY: the queue is given back once, before its consumer; the callback has ended when the first call returns.
        unsafe {
            librdkafka::rd_kafka_queue_cb_event_enable(self.queue.as_ptr(), None, ptr::null_mut());
            librdkafka::rd_kafka_queue_destroy(self.queue.as_ptr());
        }
    }
}

unsafe extern "C" fn wake(_: *mut RDKafka, waker: *mut c_void) {
    // SAFETY: it is the waker that `split` registered, which outlives the registration.
    unsafe { &*waker.cast::<AtomicWaker>() }.wake();
}

/// A message, or an event of its partition, as librdkafka holds it.
#[repr(transparent)]
pub(super) struct Message<'a> {
    message: NonNull<RDKafkaMessage>,
    borrowed: PhantomData<&'a RDKafkaMessage>,
}

impl<'a> Message<'a> {
    fn raw(&self) -> &'a RDKafkaMessage {
        // SAFETY: it lives while `drain` lends it.
        unsafe { self.message.as_ref() }
    }

    /// What it tells instead of carrying a record.
    pub(super) fn error(&self) -> Option<RDKafkaErrorCode> {
        let error = self.raw().err;
        (error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR).then(|| error.into())
    }

    pub(super) fn offset(&self) -> i64 {
        self.raw().offset
    }

    pub(super) fn key(&self) -> Option<&'a [u8]> {
        let message = self.raw();
        // SAFETY: librdkafka tells address and length of the key.
        unsafe { bytes(message.key, message.key_len) }
    }

    pub(super) fn value(&self) -> Option<&'a [u8]> {
        let message = self.raw();
        // SAFETY: librdkafka tells address and length of the value.
        unsafe { bytes(message.payload, message.len) }
    }

    /// Milliseconds since the epoch; absent in messages of very old producers.
    pub(super) fn timestamp(&self) -> Option<i64> {
        // SAFETY: the message lives; the kind of timestamp is not asked for.
        let millis = unsafe {
            librdkafka::rd_kafka_message_timestamp(self.message.as_ptr(), ptr::null_mut())
        };
        (millis >= 0).then_some(millis)
    }

    /// Calls `each` with the name and the value of every header, in order.
    pub(super) fn headers(&self, mut each: impl FnMut(&'a [u8], Option<&'a [u8]>)) {
        let mut headers = ptr::null_mut();
        // SAFETY: the message lives, and the headers live as long as it.
        let error = unsafe {
            librdkafka::rd_kafka_message_headers(self.message.as_ptr(), &raw mut headers)
        };
        if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        for index in 0.. {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: beyond the last header the call writes nothing and tells so.
            let error = unsafe {
                librdkafka::rd_kafka_header_get_all(
                    headers,
                    index,
                    &raw mut name,
                    &raw mut value,
                    &raw mut size,
                )
            };
            if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                return;
            }
            // SAFETY: the name is a C string; librdkafka tells address and length of the value.
            unsafe {
                each(
                    std::ffi::CStr::from_ptr(name).to_bytes(),
                    bytes(value, size),
                );
            };
        }
    }
}

/// # Safety
/// `start` is null or begins `length` bytes that live for `'a`.
unsafe fn bytes<'a>(start: *const c_void, length: usize) -> Option<&'a [u8]> {
    if start.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(unsafe { slice::from_raw_parts(start.cast::<u8>(), length) })
}

/// Commits offsets and waits for the answer.
///
/// # Errors
/// The answer, or `OperationTimedOut` when there is none in time.
pub(super) fn commit(
    consumer: &Consumer,
    offsets: &TopicPartitionList,
    timeout: Duration,
) -> Result<(), RDKafkaErrorCode> {
    /// Gives back the queue that the answer comes to.
    struct Answers(*mut RDKafkaQueue);

    impl Drop for Answers {
        fn drop(&mut self) {
            // SAFETY: it was made below, and is given back once.
            unsafe { librdkafka::rd_kafka_queue_destroy(self.0) };
        }
    }

    let client = consumer.client().native_ptr();
    let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: client, list and queue live until the end of the calls that get them; the event is given back once, after
    // its error was read. No callback is asked for.
    let error = unsafe {
        let answers = Answers(librdkafka::rd_kafka_queue_new(client));
        let asked = librdkafka::rd_kafka_commit_queue(
            client,
            offsets.ptr(),
            answers.0,
            None,
            ptr::null_mut(),
        );
        if asked == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            let event = librdkafka::rd_kafka_queue_poll(answers.0, timeout);
            if event.is_null() {
                return Err(RDKafkaErrorCode::OperationTimedOut);
            }
            let answer = librdkafka::rd_kafka_event_error(event);
            librdkafka::rd_kafka_event_destroy(event);
            answer
        } else {
            asked
        }
    };
    match error {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        error => Err(error.into()),
    }
}

/// A topic that records are produced to.
pub(super) struct ProducerTopic {
    topic: NonNull<RDKafkaTopic>,
    producer: Arc<Producer>,
}

// SAFETY: librdkafka's topic handles may be used from any thread.
unsafe impl Send for ProducerTopic {}

/// What is produced; librdkafka copies it.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) partition: i32,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    /// Milliseconds since the epoch; 0 would mean the present.
    pub(super) timestamp: i64,
    pub(super) headers: &'a [(String, bytes::Bytes)],
}

impl ProducerTopic {
    pub(super) fn new(producer: &Arc<Producer>, topic: &str) -> Option<Self> {
        let topic = CString::new(topic).ok()?;
        // SAFETY: the client lives, the name is a C string, and no configuration means the client's.
        let topic = unsafe {
            let client = producer.client().native_ptr();
            librdkafka::rd_kafka_topic_new(client, topic.as_ptr(), ptr::null_mut())
        };
        Some(Self {
            topic: NonNull::new(topic)?,
            producer: Arc::clone(producer),
        })
    }

    /// Puts a record into the producer's queue.
    ///
    /// # Errors
    /// `QueueFull` when it has to be tried again after some were sent.
    pub(super) fn produce(&self, record: Outgoing<'_>) -> Result<(), RDKafkaErrorCode> {
        use librdkafka::rd_kafka_vtype_t as field;

        let headers = match record.headers {
            [] => ptr::null_mut(),
            headers => native_headers(headers)?,
        };
        let (key, key_length) = parts(record.key);
        let (value, value_length) = parts(record.value);
        // SAFETY: each field is followed by arguments of the types that librdkafka documents for it; key and value are
        // copied before the call returns; it owns the headers unless it fails.
        let error = unsafe {
            librdkafka::rd_kafka_producev(
                self.producer.client().native_ptr(),
                field::RD_KAFKA_VTYPE_RKT,
                self.topic.as_ptr(),
                field::RD_KAFKA_VTYPE_PARTITION,
                record.partition,
                field::RD_KAFKA_VTYPE_MSGFLAGS,
                librdkafka::RD_KAFKA_MSG_F_COPY,
                field::RD_KAFKA_VTYPE_KEY,
                key,
                key_length,
                field::RD_KAFKA_VTYPE_VALUE,
                value,
                value_length,
                field::RD_KAFKA_VTYPE_TIMESTAMP,
                record.timestamp,
                field::RD_KAFKA_VTYPE_HEADERS,
                headers,
                field::RD_KAFKA_VTYPE_END,
            )
        };
        if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Ok(());
        }
        if !headers.is_null() {
            // SAFETY: the call failed, so they are still ours.
            unsafe { librdkafka::rd_kafka_headers_destroy(headers) };
        }
        Err(error.into())
    }
}

impl Drop for ProducerTopic {
    fn drop(&mut self) {
        // SAFETY: the handle is given back once, before its producer.
        unsafe { librdkafka::rd_kafka_topic_destroy(self.topic.as_ptr()) };
    }
}

fn parts(bytes: Option<&[u8]>) -> (*mut c_void, usize) {
    bytes.map_or((ptr::null_mut(), 0), |bytes| {
        (bytes.as_ptr().cast_mut().cast(), bytes.len())
    })
}

fn native_headers(
    headers: &[(String, bytes::Bytes)],
) -> Result<*mut librdkafka::rd_kafka_headers_t, RDKafkaErrorCode> {
    // SAFETY: the list is filled with copies of names and values whose lengths are told, and freed if that fails.
    unsafe {
        let list = librdkafka::rd_kafka_headers_new(headers.len());
        for (name, value) in headers {
            let error = librdkafka::rd_kafka_header_add(
                list,
                name.as_ptr().cast::<c_char>(),
                isize::try_from(name.len()).unwrap_or(isize::MAX),
                value.as_ptr().cast::<c_void>(),
                isize::try_from(value.len()).unwrap_or(isize::MAX),
            );
            if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                librdkafka::rd_kafka_headers_destroy(list);
                return Err(error.into());
            }
        }
        Ok(list)
    }
}
