//! The two hot message shapes, against a JSON parser that does it all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fourwire::realtime::append::AppendBuilder;
use fourwire::realtime::delta::{Message, read};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What a message says, by whichever reader.
#[derive(Debug, PartialEq)]
enum Said {
    Reply { response: String, item: String, audio: Option<Vec<u8>> },
    BackChannel { id: String, audio: Option<Vec<u8>> },
    ResponseCreated(String),
    SpeechStarted { item: Option<String>, audio_start_ms: Option<u64> },
}

/// As [`read`] says it; audio that is not base64 is `None`.
fn ours(message: &[u8]) -> Option<Said> {
    let decoded = |audio: fourwire::realtime::delta::Base64<'_>| {
        let mut bytes = vec![7];
        let result = audio.decode_into(&mut bytes);
        assert_eq!(bytes[0], 7, "what was there is kept");
        assert_eq!(bytes.len(), if result.is_ok() { 1 + audio.decoded_len() } else { 1 });
        result.is_ok().then(|| bytes.split_off(1))
    };
    Some(match read(message) {
        Message::ReplyAudio { response, item, audio } => {
            Said::Reply { response: response.into(), item: item.into(), audio: decoded(audio) }
        }
        Message::BackChannelAudio { id, audio } => {
            Said::BackChannel { id: id.into(), audio: decoded(audio) }
        }
        Message::ResponseCreated { response } => Said::ResponseCreated(response.into()),
        Message::SpeechStarted { item, audio_start_ms } => {
            Said::SpeechStarted { item: item.map(Into::into), audio_start_ms }
        }
        Message::Other => return None,
    })
}

/// As a full parser says it.
fn theirs(message: &[u8]) -> Option<Said> {
    let fields: Map<String, Value> = serde_json::from_slice(message).ok()?;
    let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
    let audio = || text("delta").map(|delta| STANDARD.decode(delta).ok());
    Some(match text("type")?.as_str() {
        "response.output_audio.delta" | "response.audio.delta" => {
            Said::Reply { response: text("response_id")?, item: text("item_id")?, audio: audio()? }
        }
        "response.backchannel.audio.delta" => {
            Said::BackChannel { id: text("backchannel_id")?, audio: audio()? }
        }
        "response.created" => {
            let id = fields.get("response")?.get("id")?.as_str()?;
            Said::ResponseCreated((!id.is_empty()).then(|| id.to_owned())?)
        }
        "input_audio_buffer.speech_started" => Said::SpeechStarted {
            item: text("item_id"),
            audio_start_ms: fields.get("audio_start_ms").and_then(Value::as_u64),
        },
        _ => return None,
    })
}

fn reply(audio: &[u8]) -> Said {
    Said::Reply { response: "resp_2".into(), item: "item_4".into(), audio: Some(audio.into()) }
}

#[test]
fn a_delta_is_recognised_by_both_its_names() {
    for name in ["response.output_audio.delta", "response.audio.delta"] {
        let message = format!(
            r#"{{"type":"{name}","event_id":"x","response_id":"resp_2","item_id":"item_4","output_index":0,"content_index":0,"delta":"AAEC"}}"#
        );
        assert_eq!(ours(message.as_bytes()), Some(reply(&[0, 1, 2])));
    }
}

#[test]
fn extras_spaces_and_the_order_of_keys_do_not_matter() {
    let message = br#" { "timestamp_info" : { "words":[{"w":"\u00e9\"}","t":[0.5,-1e3,null,true]}] , "delta":"//8=" } ,
        "delta" : "AAEC" , "item_id":"item_4",	"response_id":"resp_2", "x":[], "y":{},
        "type":"response.output_audio.delta" } "#;
    assert_eq!(ours(message), Some(reply(&[0, 1, 2])));
}

#[test]
fn a_delta_deeper_down_is_not_taken_for_the_message_s_own() {
    let message = br#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","part":{"delta":"AAEC"}}"#;
    assert_eq!(read(message), Message::Other);
    let message = br#"{"event":{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AAEC"}}"#;
    assert_eq!(read(message), Message::Other);
    let message = br#"{"note":"\"type\":\"response.output_audio.delta\"","response_id":"r","item_id":"i","delta":"AAEC"}"#;
    assert_eq!(read(message), Message::Other);
}

#[test]
fn back_channel_audio_has_an_id_of_its_own() {
    let message = br#"{"type":"response.backchannel.audio.delta","event_id":"e","backchannel_id":"bc_1","delta":"AA=="}"#;
    let said = Said::BackChannel { id: "bc_1".into(), audio: Some(vec![0]) };
    assert_eq!(ours(message), Some(said));
}

#[test]
fn speech_is_noticed_with_and_without_its_particulars() {
    let whole = br#"{"type":"input_audio_buffer.speech_started","event_id":"e","item_id":"item_3","audio_start_ms":5120}"#;
    let said = Said::SpeechStarted { item: Some("item_3".into()), audio_start_ms: Some(5120) };
    assert_eq!(ours(whole), Some(said));
    let bare = br#"{"type":"input_audio_buffer.speech_started","item_id":null}"#;
    assert_eq!(ours(bare), Some(Said::SpeechStarted { item: None, audio_start_ms: None }));
}

#[test]
fn a_response_is_known_by_the_id_of_its_object_and_by_no_other() {
    let whole = br#"{"type":"response.created","response":{"object":"realtime.response","id":"resp_1","output":[{"id":"x"}]}}"#;
    assert_eq!(ours(whole), Some(Said::ResponseCreated("resp_1".into())));
    for message in [
        r#"{"type":"response.created","response":{"output":[{"id":"x"}]}}"#,
        r#"{"type":"response.created","response":{"id":""}}"#,
        r#"{"type":"response.created","response":{"id":null}}"#,
        r#"{"type":"response.created","response":{"id":"a","id":"b"}}"#,
        r#"{"type":"response.created","response":{"i\u0064":"a","id":"b"}}"#,
        r#"{"type":"response.created","response":"resp_1"}"#,
        r#"{"type":"response.created","id":"resp_1"}"#,
        r#"{"type":"response.created","response_id":"resp_1"}"#,
        r#"{"type":"response.done","response":{"id":"resp_1"}}"#,
    ] {
        assert_eq!(read(message.as_bytes()), Message::Other, "{message}");
    }
}

#[test]
fn whatever_is_unusual_is_left_to_the_full_parser() {
    let unusual: [&[u8]; 22] = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{",
        br#"{"type":"response.output_audio.delta"}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AAEC"}x"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AAEC"}{}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AAEC",}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AAEC" "x":1}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AA\/C"}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r\n","item_id":"i","delta":"AAEC"}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":null,"delta":"AAEC"}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":7,"delta":"AAEC"}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":null}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AAEC","delta":"AAEC"}"#,
        br#"{"type":"response.output_audio.delta","type":"response.done","response_id":"r","item_id":"i","delta":"AAEC"}"#,
        br#"{"typ\u0065":"x","type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AAEC"}"#,
        br#"{"type":"response.output_audio.delta","response_id":"r","item_id":"i","n":01,"delta":"AAEC"}"#,
        b"{\"type\":\"response.output_audio.delta\",\"response_id\":\"\xFF\",\"item_id\":\"i\",\"delta\":\"AAEC\"}",
        br#"{"type":"input_audio_buffer.speech_started","audio_start_ms":1.5}"#,
        br#"{"type":"input_audio_buffer.speech_started","audio_start_ms":99999999999999999999}"#,
    ];
    for message in unusual {
        assert_eq!(read(message), Message::Other, "{}", message.escape_ascii());
    }
}

#[test]
fn a_message_nested_without_end_is_left_to_the_full_parser() {
    let deep = format!(r#"{{"x":{}"#, "[".repeat(1_000_000));
    assert_eq!(read(deep.as_bytes()), Message::Other);
}

#[test]
fn audio_that_is_not_base64_is_an_error_and_leaves_nothing_behind() {
    for text in ["A", "AAA", "AA=", "AA*A", "AAEC\u{e9}", "AB==", "A A=", "AAEC\n"] {
        let message = format!(
            r#"{{"type":"response.audio.delta","response_id":"r","item_id":"i","delta":"{text}"}}"#
        );
        let Some(Said::Reply { audio: None, .. }) = ours(message.as_bytes()) else {
            panic!("{text:?} was read")
        };
    }
}

#[test]
fn an_append_replaces_what_the_buffer_held() {
    let mut message = vec![b'x'; 1000];
    AppendBuilder::new().build(&[], &mut message);
    assert_eq!(message, br#"{"type":"input_audio_buffer.append","audio":""}"#);
}

/// A message of any known shape, among extras, its keys in any order.
fn fields() -> impl Strategy<Value = Vec<(String, Value)>> {
    let audio = vec(any::<u8>(), 0..300).prop_map(|bytes| json!(STANDARD.encode(bytes)));
    let id = prop_oneof!["[a-z_0-9]{0,24}", "\\PC{0,8}", "[\"\\\\\n/é😀]{1,3}"];
    let kind = prop_oneof![
        4 => Just("response.output_audio.delta"),
        2 => Just("response.audio.delta"),
        3 => Just("response.backchannel.audio.delta"),
        3 => Just("input_audio_buffer.speech_started"),
        3 => Just("response.created"),
        1 => Just("response.output_audio_transcript.delta"),
    ];
    let start = prop_oneof![
        any::<u32>().prop_map(|it| json!(it)),
        any::<f64>().prop_map(|it| json!(it)),
        Just(Value::Null),
        Just(json!(-1))
    ];
    let extras = vec(("[a-z_]{1,12}", value()), 0..4);
    (kind, audio, id.clone(), id.clone(), id, start, extras, any::<u8>())
        .prop_map(|(kind, audio, response, item, back_channel, start, extras, absent)| {
            let known = [
                ("type", json!(kind)),
                ("response", json!({ "id": response, "output": extras.first().map(|it| &it.1) })),
                ("delta", audio),
                ("response_id", json!(response)),
                ("item_id", json!(item)),
                ("backchannel_id", json!(back_channel)),
                ("audio_start_ms", start),
            ];
            let present = |index: usize| absent > 100 || absent as usize % 8 != index;
            let silent = !kind.ends_with("delta");
            let mut fields: Vec<_> = known
                .into_iter()
                .enumerate()
                .filter(|(index, (key, _))| present(*index) && !(silent && *key == "delta"))
                .map(|(_, (key, value))| (key.to_owned(), value))
                .collect();
            fields.extend(extras);
            fields
        })
        .prop_shuffle()
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|it| json!(it)),
        any::<i64>().prop_map(|it| json!(it)),
        (-1e6..1e6f64).prop_map(|it| json!(it)),
        "\\PC{0,12}".prop_map(|it| json!(it)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![Just("delta".to_owned()), Just("type".to_owned()), "\\PC{0,6}"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((key, inner), 0..4).prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

/// The fields as JSON, with `space` wherever it may stand.
fn written(fields: &[(String, Value)], space: &str) -> String {
    let members: Vec<_> = fields
        .iter()
        .map(|(key, value)| format!("{space}{}{space}:{space}{value}{space}", json!(key)))
        .collect();
    format!("{space}{{{}}}{space}", members.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_is_recognised_is_what_a_full_parser_finds(
        fields in fields(), space in "[ \n\r\t]{0,2}",
    ) {
        let message = written(&fields, &space);
        let ours = ours(message.as_bytes());
        if ours.is_some() {
            prop_assert_eq!(ours, theirs(message.as_bytes()));
        }
    }

    #[test]
    fn what_servers_send_is_recognised(
        audio in vec(any::<u8>(), 0..300), response in "[a-z_0-9]{1,30}", item in "[a-z_0-9]{1,30}",
        extra in value(), space in "[ \n]{0,1}",
    ) {
        let fields = [
            ("type".to_owned(), json!("response.output_audio.delta")),
            ("response_id".to_owned(), json!(response)),
            ("item_id".to_owned(), json!(item)),
            ("content_index".to_owned(), json!(0)),
            ("timestamp_info".to_owned(), extra),
            ("delta".to_owned(), json!(STANDARD.encode(&audio))),
        ];
        let message = written(&fields, &space);
        let said = Said::Reply { response, item, audio: Some(audio) };
        prop_assert_eq!(ours(message.as_bytes()), Some(said));
    }

    /// Bytes changed, inserted, removed, cut off: never a wrong result.
    #[test]
    fn a_damaged_message_is_read_as_a_full_parser_reads_it_or_left_to_it(
        fields in fields(), damage in vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..4),
    ) {
        let mut message = written(&fields, "").into_bytes();
        for (place, byte, how) in damage {
            let at = place.index(message.len().max(1)).min(message.len().saturating_sub(1));
            let byte = if byte < 128 { b"\"\\{}[]:,/=0eE. \n"[usize::from(byte) % 16] } else { byte };
            match how {
                _ if message.is_empty() => {}
                0 => message[at] = byte,
                1 => message.insert(at, byte),
                2 => drop(message.remove(at)),
                _ => message.truncate(at),
            }
        }
        match ours(&message) {
            None => {}
            // The text of broken audio is not looked at until it is decoded, which then fails.
            Some(Said::Reply { audio: None, .. } | Said::BackChannel { audio: None, .. }) => {}
            said => prop_assert_eq!(said, theirs(&message)),
        }
    }

    #[test]
    fn an_append_is_what_a_full_parser_expects(first in vec(any::<u8>(), 0..600), second in vec(any::<u8>(), 0..600)) {
        let mut message = Vec::new();
        for audio in [first, second] {
            AppendBuilder::new().build(&audio, &mut message);
            let parsed: Value = serde_json::from_slice(&message).unwrap();
            prop_assert_eq!(parsed, json!({"type": "input_audio_buffer.append", "audio": STANDARD.encode(&audio)}));
        }
    }
}
