//! The scene: a web server and an FTP server, Debian's own, each PID 1 of its own world.

use crate::support::{Folder, command, descendants, eventually, is_root, kill_group, lives, need, pid_in, sh, wait};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::time::Duration;

crate::tests![
    each_is_pid_1_of_its_own_world,
    stopping_the_web_server_leaves_the_other,
    stopping_the_ftp_server_leaves_the_other,
    a_killed_supervisor_takes_its_whole_tree,
];

const PAGE: &str = "a page from inside\n";
const FILE: &str = "a file from inside\n";

/// A server under `unshare-pid --mount-proc`. Dropped, it is killed.
struct Server {
    name: &'static str,
    url: String,
    port: u16,
    content: &'static str,
    supervisor: Child,
    /// The server's PID on the host.
    pid: u32,
}

struct Scene {
    http: Server,
    ftp: Server,
    // The last to be dropped.
    _folder: Folder,
}

impl Scene {
    fn start() -> Self {
        for program in ["apache2", "vsftpd", "curl", "ps", "nsenter"] {
            need(program);
        }
        let folder = Folder::new();
        // Root's servers serve as somebody else, who has to get here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        for (name, file, text) in [("www", "index.html", PAGE), ("ftp", "file.txt", FILE)] {
            fs::create_dir(folder.join(name)).expect("a folder");
            fs::write(folder.join(name).join(file), text).expect("a file");
        }
        fs::create_dir(folder.join("empty")).expect("a folder");
        let (http, ftp) = (free_port(), free_port());
        fs::write(folder.join("apache2.conf"), apache2_conf(&folder, http)).expect("a file");
        fs::write(folder.join("vsftpd.conf"), vsftpd_conf(&folder, ftp)).expect("a file");
        let http = Server::start(
            "apache2",
            &format!("apache2 -f {folder}/apache2.conf -DFOREGROUND"),
            &folder,
            (format!("http://127.0.0.1:{http}/"), http, PAGE),
        );
        let ftp = Server::start(
            "vsftpd",
            &format!("vsftpd {folder}/vsftpd.conf"),
            &folder,
            (format!("ftp://127.0.0.1:{ftp}/file.txt"), ftp, FILE),
        );
        let scene = Scene { http, ftp, _folder: folder };
        for server in [&scene.http, &scene.ftp] {
            eventually(&format!("{} serves", server.name), || server.serves());
        }
        scene
    }
}

impl Server {
    fn start(
        name: &'static str,
        line: &str,
        folder: &Folder,
        (url, port, content): (String, u16, &'static str),
    ) -> Self {
        // As itself, not as root: neither server wants to be root and have nobody else to become.
        let front = if is_root() { "" } else { "unshare-user --map-current-user -- " };
        let file = folder.join(&format!("{name}.pid"));
        let line = format!("exec {front}unshare-pid --mount-proc --pid-file {} -- {line}", file.display());
        let log = fs::File::create(folder.join(&format!("{name}.log"))).expect("a file");
        let supervisor = command("sh")
            .args(["-c", &line])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor"))
            .stderr(log)
            .spawn()
            .expect("a process");
        let pid = pid_in(&file);
        Server { name, url, port, content, supervisor, pid }
    }

    /// Does a client get the content?
    fn serves(&self) -> bool {
        let seen = sh(&format!("curl --silent --max-time 10 --noproxy '*' {}", self.url));
        seen.status.success() && seen.out == self.content
    }

    /// The whole tree, as the host sees it: the server and its own.
    fn tree(&self) -> Vec<u32> {
        let tree = descendants(self.supervisor.id());
        assert!(tree.contains(&self.pid), "{tree:?}");
        tree
    }

    /// What `ps` says inside, as pairs of a PID and a name.
    fn ps_inside(&self) -> Vec<(u32, String)> {
        let user = if is_root() { "" } else { "--user --preserve-credentials" };
        let seen = sh(&format!("nsenter --target {} {user} --pid --mount ps -e -o pid=,comm=", self.pid));
        pairs(seen.ok())
    }

    /// Ends the supervisor by a signal, and waits for all that it started.
    fn end(&mut self, signal: &str) {
        let tree = self.tree();
        sh(&format!("kill -{signal} {}", self.supervisor.id())).ok();
        assert!(wait(&mut self.supervisor, Duration::from_secs(15)).is_some(), "{} goes on", self.name);
        eventually("its whole tree is gone", || !tree.iter().any(|pid| lives(*pid)));
        assert!(!self.serves());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.supervisor.try_wait() {
            kill_group(&self.supervisor);
            let _ = self.supervisor.wait();
        }
    }
}

fn pairs(ps: &str) -> Vec<(u32, String)> {
    let pair = |line: &str| {
        let (pid, name) = line.trim().split_once(' ')?;
        Some((pid.parse().ok()?, name.trim().to_owned()))
    };
    ps.lines().filter_map(pair).collect()
}

/// A port on loopback that nobody has just now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn apache2_conf(folder: &Folder, port: u16) -> String {
    let modules = "/usr/lib/apache2/modules";
    let user = if is_root() { "User nobody\nGroup nogroup\n" } else { "" };
    format!(
        "ServerRoot {folder}\nServerName localhost\nListen 127.0.0.1:{port}\nDocumentRoot {folder}/www\n\
         PidFile {folder}/httpd.pid\nErrorLog {folder}/error.log\nMutex file:{folder}\nStartServers 1\n{user}\
         LoadModule mpm_event_module {modules}/mod_mpm_event.so\n\
         LoadModule authz_core_module {modules}/mod_authz_core.so\n\
         LoadModule dir_module {modules}/mod_dir.so\n"
    )
}

fn vsftpd_conf(folder: &Folder, port: u16) -> String {
    // As PID 1 it is handed the orphans of its sessions, which it does not know and dies of: one process a session
    // leaves none.
    let user = if is_root() { "one_process_model=YES" } else { "run_as_launching_user=YES" };
    format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\n{user}\n\
         anonymous_enable=YES\nno_anon_password=YES\nlocal_enable=NO\nanon_root={folder}/ftp\n\
         allow_writeable_chroot=YES\nsecure_chroot_dir={folder}/empty\nvsftpd_log_file={folder}/transfers.log\n\
         seccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\n"
    )
}

fn each_is_pid_1_of_its_own_world() {
    let scene = Scene::start();
    // On the host: two processes, with different PIDs, both in ps.
    assert_ne!(scene.http.pid, scene.ftp.pid);
    let on_host = pairs(sh("ps -e -o pid=,comm=").ok());
    for server in [&scene.http, &scene.ftp] {
        assert_ne!(server.pid, 1);
        assert!(on_host.contains(&(server.pid, server.name.to_owned())), "{}: {on_host:?}", server.name);
    }
    // Inside each: PID 1 is the server, and ps shows its processes alone.
    for server in [&scene.http, &scene.ftp] {
        let inside = server.ps_inside();
        assert_eq!(inside[0], (1, server.name.to_owned()), "{inside:?}");
        let foreign: Vec<_> = inside.iter().filter(|(_, name)| name != server.name && name != "ps").collect();
        assert!(foreign.is_empty(), "{foreign:?}");
        assert_eq!(inside.iter().filter(|(_, name)| name == "ps").count(), 1, "{inside:?}");
        let comm = fs::read_to_string(format!("/proc/{}/root/proc/1/comm", server.pid)).expect("the fresh /proc");
        assert_eq!(comm.trim(), server.name);
    }
    // The web server has workers: they are inside too, and the host sees each by another PID.
    let workers = scene.http.ps_inside().len() - 2;
    assert!(workers >= 1 && scene.http.tree().len() > workers, "{workers} {:?}", scene.http.tree());
}

fn stopping_the_web_server_leaves_the_other() {
    let mut scene = Scene::start();
    scene.http.end("TERM");
    assert!(scene.ftp.serves());
}

fn stopping_the_ftp_server_leaves_the_other() {
    let mut scene = Scene::start();
    scene.ftp.end("TERM");
    assert!(scene.http.serves());
}

fn a_killed_supervisor_takes_its_whole_tree() {
    let mut scene = Scene::start();
    // A session that is open has a process of its own.
    let mut session = TcpStream::connect(("127.0.0.1", scene.ftp.port)).expect("a session");
    session.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    session.write_all(b"NOOP\r\n").expect("a word");
    assert!(session.read(&mut [0; 16]).is_ok_and(|count| count > 0), "it greets us");
    for server in [&mut scene.ftp, &mut scene.http] {
        assert!(server.tree().len() > 1, "{}: {:?}", server.name, server.tree());
        server.end("KILL");
    }
}
