use super::*;
use fourwire::Side::{Agent, Caller};
use proptest::prelude::*;
use std::fs;

const RATE: ClockRate = ClockRate::Hz16000;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fourwire-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> (RecordingFile, PathBuf) {
        let path = self.0.join(name);
        (RecordingFile::create(&Recording::new(&path), RATE).unwrap(), path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn stretch(side: fourwire::Side, position: u64, pcm: &[i16]) -> Recorded<'_> {
    Recorded { side, position, pcm }
}

fn read(path: &Path) -> Vec<i16> {
    hound::WavReader::open(path).unwrap().into_samples().map(Result::unwrap).collect()
}

fn read_flac(path: &Path) -> Vec<i16> {
    let mut flac = flac_codec::decode::FlacSampleReader::open(path).unwrap();
    let mut samples = Vec::new();
    flac.read_to_end(&mut samples).unwrap();
    samples.into_iter().map(|sample| sample as i16).collect()
}

#[test]
fn a_file_has_its_name_only_when_it_is_whole() {
    let folder = Folder::new("whole");
    let (mut file, path) = folder.file("call.wav");
    file.lay(stretch(Caller, 0, &[1, 2])).unwrap();
    assert!(folder.0.join("call.wav.part").exists() && !path.exists());
    assert_eq!(file.finish(2).unwrap().bytes, 80 + 8);
    assert!(!folder.0.join("call.wav.part").exists());
    assert_eq!(read(&path), [1, 0, 2, 0]);
}

#[test]
fn what_a_crash_left_under_the_same_name_stays() {
    let folder = Folder::new("left");
    let path = folder.0.join("call.wav");
    let left = [part_of(&path, 1), part_of(&path, 2)];
    left.iter().for_each(|it| fs::write(it, "left").unwrap());
    let (mut file, _) = folder.file("call.wav");
    file.lay(stretch(Caller, 0, &[1])).unwrap();
    file.finish(1).unwrap();
    assert_eq!(read(&path), [1, 0]);
    assert!(left.iter().all(|it| fs::read(it).unwrap() == b"left"));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 3);
}

#[test]
fn what_lies_there_already_stays_and_the_new_one_lies_beside_it() {
    let folder = Folder::new("taken");
    let finished = ["call.wav", "call.wav", "call.wav"].map(|name| {
        let (mut file, _) = folder.file(name);
        file.lay(stretch(Caller, 0, &[1])).unwrap();
        file
    });
    fs::write(folder.0.join("call.wav"), "mine").unwrap();
    let names = finished.map(|file| file.finish(1).unwrap().path);
    assert_eq!(names, ["call.2.wav", "call.3.wav", "call.4.wav"].map(|it| folder.0.join(it)));
    assert_eq!(fs::read(folder.0.join("call.wav")).unwrap(), b"mine");
    assert!(names.iter().all(|name| read(name) == [1, 0]));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 4);
}

#[test]
fn what_is_missing_on_the_way_is_silence_and_nothing_moves() {
    let folder = Folder::new("gap");
    let (mut file, path) = folder.file("call.wav");
    file.lay(stretch(Agent, 0, &[1, 1])).unwrap();
    file.lay(stretch(Agent, 3, &[2])).unwrap();
    file.finish(5).unwrap();
    assert_eq!(read(&path), [0, 1, 0, 1, 0, 0, 0, 2, 0, 0]);
}

#[test]
fn what_a_crash_leaves_can_be_heard_but_for_the_last_second_or_two() {
    let folder = Folder::new("crash");
    let (mut file, path) = folder.file("call.wav");
    for n in 0..50 {
        file.lay(stretch(Agent, n * 1600, &[9; 1600])).unwrap();
    }
    let left = fs::read(part_of(&path, 1)).unwrap();
    assert_eq!(left[76..80], [0xFF; 4]); // to the end of the file
    assert!(left.len() >= 80 + 4 * 3 * 16_000, "{} bytes", left.len());
}

#[test]
fn both_voices_are_added_up_in_mono() {
    let folder = Folder::new("mono");
    let path = folder.0.join("call.wav");
    let recording = Recording { mono: true, ..Recording::new(&path) };
    let mut file = RecordingFile::create(&recording, RATE).unwrap();
    file.lay(stretch(Caller, 0, &[1, 30_000])).unwrap();
    file.lay(stretch(Agent, 0, &[2, 30_000])).unwrap();
    file.finish(2).unwrap();
    assert_eq!(read(&path), [3, i16::MAX]);
}

#[test]
fn an_empty_recording_is_an_empty_file_in_either_format() {
    let folder = Folder::new("empty");
    for name in ["call.wav", "call.flac"] {
        let (file, path) = folder.file(name);
        assert_eq!(file.finish(0).unwrap().duration, Duration::ZERO);
        assert!(path.exists());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn flac_is_to_the_bit_what_wav_is(
        pieces in proptest::collection::vec((any::<bool>(), 0u64..40_000, proptest::collection::vec(any::<i16>(), 0..3000)), 0..12),
    ) {
        let folder = Folder::new("flac");
        let ((mut wav, wav_path), (mut flac, flac_path)) = (folder.file("a.wav"), folder.file("a.flac"));
        for (side, position, pcm) in &pieces {
            let side = if *side { Agent } else { Caller };
            wav.lay(stretch(side, *position, pcm)).unwrap();
            flac.lay(stretch(side, *position, pcm)).unwrap();
        }
        wav.finish(100).unwrap();
        flac.finish(100).unwrap();
        prop_assert_eq!(read(&wav_path), read_flac(&flac_path));
    }
}
