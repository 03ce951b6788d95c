//! A full disk: writes are refused with 53100, reads go on, nothing acknowledged is lost, and space brings writes back.
//!
//! It needs a small file system of its own, which only root can mount. Without that, the test says so on standard error,
//! past the capture of the test runner, and checks nothing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::harness::Launch;

const DISK_MEGABYTES: usize = 640;
const BALLAST_MEGABYTES: usize = 256;
const FILL_BYTES: usize = 64 * 1024;
/// Rows of 64 KiB that fill the disk many times over.
const ROWS_MAX: usize = 20_000;
const ROW_BYTES: usize = 64 * 1024;
const WRITES_RESUME_MAX: Duration = Duration::from_secs(30);

/// A mounted tmpfs, unmounted when dropped.
pub struct SmallDisk(pub PathBuf);

impl SmallDisk {
    /// `None`, and a message, where the machine does not allow it.
    pub fn mount(test: &str, path: &Path, megabytes: usize) -> Option<SmallDisk> {
        std::fs::create_dir_all(path).expect("a directory");
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(path.to_path_buf()));
        }
        let said = format!("\nSKIPPED {test}: only root can mount a small disk\n");
        std::io::stderr().write_all(said.as_bytes()).expect("standard error is open");
        None
    }

    /// Writes until nothing more fits; what it wrote goes with [`SmallDisk::clear`].
    pub fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).expect("an empty file fits");
        let piece = vec![1; FILL_BYTES];
        while ballast.write_all(&piece).is_ok() {}
    }

    pub fn clear(&self) {
        std::fs::remove_file(self.0.join("ballast")).expect("the ballast goes");
    }

    pub fn resize(&self, megabytes: usize) {
        let size = format!("remount,size={megabytes}m");
        let resized = Command::new("mount").args(["-o", &size]).arg(&self.0).status();
        assert!(resized.is_ok_and(|status| status.success()), "the disk has {megabytes} MB now");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazy: a server that a failed test leaves behind may still hold a file.
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking(), "the disk is unmounted");
    }
}

#[test]
fn a_full_disk_refuses_writes_and_serves_reads() {
    let directory = tempfile::tempdir().expect("a directory");
    let test = "a_full_disk_refuses_writes_and_serves_reads";
    let Some(disk) = SmallDisk::mount(test, &directory.path().join("disk"), DISK_MEGABYTES) else { return };
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![1; BALLAST_MEGABYTES * 1024 * 1024]).expect("the ballast fits");
    let data = disk.0.join("data");
    let server = Launch::on(&data).start();
    let mut client = server.client();
    client.run("CREATE TABLE filler (id int PRIMARY KEY, word text)");
    let mut acknowledged = 0;
    let failure = loop {
        assert!(acknowledged < ROWS_MAX, "the disk never filled");
        let reply =
            client.run_with("INSERT INTO filler VALUES ($1, $2)", &[&acknowledged.to_string(), &word(acknowledged)]);
        match reply.failure() {
            None => acknowledged += 1,
            Some(failure) => break failure.clone(),
        }
    };
    assert_eq!(failure.code, "53100", "{failure:?}");
    assert!(acknowledged > 0);
    check_reads(&mut client, acknowledged);
    assert_eq!(client.error("INSERT INTO filler VALUES (-1, 'still full')").code, "53100");
    assert_eq!(client.error("CREATE TABLE more (id int PRIMARY KEY)").code, "53100");
    check_reads(&mut server.client(), acknowledged);

    std::fs::remove_file(&ballast).expect("the ballast goes");
    // The server looks at the disk by itself every few seconds.
    let deadline = Instant::now() + WRITES_RESUME_MAX;
    while client.query("INSERT INTO filler VALUES (-2, 'space again')").failure().is_some() {
        assert!(Instant::now() < deadline, "space brings writes back without a restart");
    }
    server.kill();
    let server = Launch::on(&data).start();
    let mut client = server.client();
    let last: usize = client.value("SELECT count(*) FROM filler WHERE id >= 0").parse().expect("a count");
    // A write whose fsync failed may show after a restart; one that was acknowledged must.
    assert!((acknowledged..=acknowledged + 1).contains(&last), "{last} rows, {acknowledged} acknowledged");
    check_reads(&mut client, acknowledged);
    assert_eq!(client.value("SELECT count(*) FROM filler WHERE id = -2"), "1");
    client.run("INSERT INTO filler VALUES (-3, 'after a restart')");
    assert!(server.stop().success());
}

/// Text of [`ROW_BYTES`] or somewhat less, not repetitive, so that compression does not save the disk.
pub fn word(number: usize) -> String {
    let mut state = number as u64 + 1;
    let letters = (0..ROW_BYTES).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).expect("below 90"))
    });
    letters.filter(|letter| *letter != '\'' && *letter != '\\').collect()
}

fn check_reads(client: &mut Client, acknowledged: usize) {
    for number in [0, acknowledged / 2, acknowledged - 1] {
        assert_eq!(client.value(&format!("SELECT word FROM filler WHERE id = {number}")), word(number));
    }
    let count: usize = client.value("SELECT count(*) FROM filler WHERE id >= 0").parse().expect("a count");
    assert!(count >= acknowledged);
}
