//! Frames open in their order, on their stream, unchanged, or not at all.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;

fn key(byte: u8) -> SecretKey {
    Zeroizing::new([byte; 32])
}

fn sealed(sealer: &mut Sealer, plaintext: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let start = begin_frame(&mut bytes);
    bytes.extend_from_slice(plaintext);
    sealer.seal(&mut bytes, start).unwrap();
    bytes
}

fn opened(opener: &mut Opener, frame: &[u8]) -> Result<Vec<u8>> {
    let (header, body) = frame.split_first_chunk().ok_or_else(|| broken("no header"))?;
    let mut body = body.to_vec();
    opener.open(*header, &mut body)?;
    Ok(body)
}

#[test]
fn frames_open_in_their_order() {
    let (mut sealer, mut opener) = (Sealer::new(&key(1)), Opener::new(&key(1)));
    for text in ["", "one", "another"] {
        let frame = sealed(&mut sealer, text.as_bytes());
        assert_eq!(frame.len(), HEADER_BYTES + text.len() + TAG_BYTES);
        assert_eq!(opened(&mut opener, &frame).unwrap(), text.as_bytes());
    }
}

#[test]
fn frames_share_a_buffer() {
    let (mut sealer, mut opener) = (Sealer::new(&key(1)), Opener::new(&key(1)));
    let mut buffer = Vec::new();
    for text in ["one", "another"] {
        let start = begin_frame(&mut buffer);
        buffer.extend_from_slice(text.as_bytes());
        sealer.seal(&mut buffer, start).unwrap();
    }
    let (first, second) = buffer.split_at(HEADER_BYTES + 3 + TAG_BYTES);
    assert_eq!(opened(&mut opener, first).unwrap(), b"one");
    assert_eq!(opened(&mut opener, second).unwrap(), b"another");
}

#[test]
fn replayed_reordered_and_foreign_frames_do_not_open() {
    let mut sealer = Sealer::new(&key(1));
    let (first, second) = (sealed(&mut sealer, b"first"), sealed(&mut sealer, b"second"));
    let mut opener = Opener::new(&key(1));
    opened(&mut opener, &first).unwrap();
    assert!(opened(&mut opener, &first).is_err(), "replayed");
    assert!(opened(&mut Opener::new(&key(1)), &second).is_err(), "reordered");
    assert!(opened(&mut Opener::new(&key(2)), &first).is_err(), "of another stream or direction");
}

#[test]
fn a_length_is_judged_before_memory_is_set_aside() {
    let header = |length: usize| u32::try_from(length).unwrap().to_be_bytes();
    assert_eq!(body_length(header(TAG_BYTES)).unwrap(), TAG_BYTES);
    assert_eq!(body_length(header(FRAME_BYTES_MAX + TAG_BYTES)).unwrap(), FRAME_BYTES_MAX + TAG_BYTES);
    assert!(body_length(header(TAG_BYTES - 1)).is_err());
    assert!(body_length(header(FRAME_BYTES_MAX + TAG_BYTES + 1)).is_err());
    assert!(body_length([0xff; 4]).is_err());
    let mut oversized = vec![0; HEADER_BYTES + FRAME_BYTES_MAX + 1];
    assert_eq!(Sealer::new(&key(1)).seal(&mut oversized, 0).unwrap_err().kind(), ErrorKind::LimitExceeded);
}

#[test]
fn a_key_is_given_up_before_its_numbers_end() {
    let mut sealer = Sealer::new(&key(1));
    sealer.next = FRAMES_MAX;
    assert_eq!(sealer.seal(&mut vec![0; HEADER_BYTES], 0).unwrap_err().kind(), ErrorKind::LimitExceeded);
    let mut opener = Opener { next: FRAMES_MAX, ..Opener::new(&key(1)) };
    assert!(opener.open(16_u32.to_be_bytes(), &mut vec![0; 16]).is_err());
}

proptest! {
    #[test]
    fn one_flipped_bit_is_noticed(plaintext in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        let mut frame = sealed(&mut Sealer::new(&key(1)), &plaintext);
        let bit = at.index(frame.len() * 8);
        frame[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(opened(&mut Opener::new(&key(1)), &frame).is_err());
    }

    #[test]
    fn a_frame_cut_short_is_noticed(plaintext in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        let frame = sealed(&mut Sealer::new(&key(1)), &plaintext);
        let end = at.index(frame.len());
        prop_assert!(opened(&mut Opener::new(&key(1)), &frame[..end]).is_err());
    }

    #[test]
    fn arbitrary_bytes_do_not_open(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(opened(&mut Opener::new(&key(1)), &bytes).is_err());
    }
}
