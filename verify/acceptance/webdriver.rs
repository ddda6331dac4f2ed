//! Pages of counterexamples in headless Chromium, by WebDriver. Where Chromium is missing, these tests are skipped.

use ackcast_verify::{
    reference::explain::{Explained, explain},
    report::{counterexample::Counterexample, page::html},
};
use libtest_mimic::{Arguments, Trial, run};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::{
    env,
    io::{self, BufRead, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// The program that drives Chromium. The Debian package `chromium-driver` has it.
const DRIVER: &str = "chromedriver";
/// The argument of the process that becomes the driver.
const DRIVE: &str = "drive";
/// Most time of a request, and of the driver's start.
const DEADLINE: Duration = Duration::from_secs(60);

type Result<T> = std::result::Result<T, String>;

fn text<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}

/// The driver's process, and where it listens. It ends with this value.
struct Driver {
    process: Child,
    address: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        drop(self.process.wait());
    }
}

impl Driver {
    fn start() -> Result<Self> {
        let mut command = Command::new(env::current_exe().map_err(text)?);
        command.arg(DRIVE).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(text)?;
        let output = process.stdout.take().expect("it is piped");
        let mut driver = Self { process, address: String::new() };
        let (port, found) = mpsc::channel();
        // The thread reads to the end, so that the driver never writes to a pipe without a reader.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if let Some((_, rest)) = line.split_once("started successfully on port ") {
                    drop(port.send(rest.trim_end_matches('.').to_owned()));
                }
            }
        });
        let port = found.recv_timeout(DEADLINE).map_err(|_| format!("{DRIVER} does not tell its port"))?;
        driver.address = format!("http://127.0.0.1:{port}");
        Ok(driver)
    }
}

/// Runs the driver until the standard input ends, which it does with the test, however that ends. Then the browsers, which
/// are in the driver's process group, end with it.
fn drive() -> ExitCode {
    let mut driver = match Command::new(DRIVER).arg("--port=0").stdin(Stdio::null()).process_group(0).spawn() {
        Ok(driver) => driver,
        Err(error) => {
            eprintln!("{DRIVER}: {error}");
            return ExitCode::FAILURE;
        }
    };
    drop(io::copy(&mut io::stdin(), &mut io::sink()));
    let _ = kill_process_group(Pid::from_child(&driver), Signal::KILL);
    drop(driver.wait());
    ExitCode::SUCCESS
}

/// A browser's window.
struct Window<'d> {
    driver: &'d Driver,
    agent: ureq::Agent,
    session: String,
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        drop(self.agent.delete(format!("{}/session/{}", self.driver.address, self.session)).call());
    }
}

impl<'d> Window<'d> {
    fn open(driver: &'d Driver, scripts: bool) -> Result<Self> {
        let config = ureq::Agent::config_builder().timeout_global(Some(DEADLINE)).http_status_as_error(false).build();
        let mut window = Self { driver, agent: config.into(), session: String::new() };
        let setting = if scripts { 1 } else { 2 };
        // Inside of a container, Chromium's own sandbox cannot start.
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000"],
            "prefs": { "profile.managed_default_content_settings.javascript": setting },
        });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } });
        let answer = window.post("session", &wanted)?;
        window.session = answer["sessionId"].as_str().ok_or("a session has an id")?.to_owned();
        Ok(window)
    }

    fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Value> {
        let body = response.body_mut().read_to_string().map_err(text)?;
        let mut answer: Value = serde_json::from_str(&body).map_err(text)?;
        let value = answer["value"].take();
        if response.status().is_success() { Ok(value) } else { Err(value.to_string()) }
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.agent.post(format!("{}/{path}", self.driver.address)).content_type("application/json");
        Self::answer(request.send(body.to_string()).map_err(text)?)
    }

    fn command(&self, path: &str, body: &Value) -> Result<Value> {
        self.post(&format!("session/{}/{path}", self.session), body)
    }

    fn get(&self, path: &str) -> Result<Value> {
        let address = format!("{}/session/{}/{path}", self.driver.address, self.session);
        Self::answer(self.agent.get(address).call().map_err(text)?)
    }

    fn go(&self, page: &Path) -> Result<()> {
        self.command("url", &json!({ "url": format!("file://{}", page.display()) })).map(drop)
    }

    fn run(&self, script: &str) -> Result<Value> {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn press(&self, key: char) -> Result<()> {
        let actions = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let keyboard = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.command("actions", &keyboard).map(drop)
    }

    /// The ids of the elements that the selector names.
    fn find(&self, selector: &str) -> Result<Vec<String>> {
        let found = self.command("elements", &json!({ "using": "css selector", "value": selector }))?;
        let ids =
            found.as_array().into_iter().flatten().filter_map(|element| element.as_object()?.values().next()?.as_str());
        Ok(ids.map(str::to_owned).collect())
    }

    fn style(&self, selector: &str, property: &str) -> Result<String> {
        let element = self.find(selector)?.into_iter().next().ok_or_else(|| format!("there is no {selector}"))?;
        Ok(self.get(&format!("element/{element}/css/{property}"))?.as_str().unwrap_or_default().to_owned())
    }
}

/// Fails unless both are the same.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Result<()> {
    if found == wanted { Ok(()) } else { Err(format!("{what}: found {found:?}, wanted {wanted:?}")) }
}

const LEFT: char = '\u{e012}';
const RIGHT: char = '\u{e014}';
const HOME: char = '\u{e011}';
const END: char = '\u{e010}';

/// The state of a page: the step that is looked at, the steps that it knows, the pale ones.
const STATE: &str = "const rows = [...document.querySelectorAll('tbody tr')];
    const all = name => rows.flatMap((row, step) => row.classList.contains(name) ? [step] : []);
    return { now: all('now'), known: all('known'), later: all('later'), slider: Number(document.getElementById('step').value),
             says: document.getElementById('says').textContent };";

/// Steps through the page as a reader does.
fn steps(window: &Window<'_>, page: &Path, shown: &Counterexample) -> Result<()> {
    window.go(page)?;
    let last = shown.len() - 1;
    let state = |step: usize| -> Result<()> {
        let found = window.run(STATE)?;
        same("the step", &found["now"], &json!([step]))?;
        same("the slider", &found["slider"], &json!(step))?;
        same("what it knows", &found["known"], &json!(shown.execution.steps[step].past))?;
        same("what is pale", &found["later"], &json!(Vec::from_iter(step + 1..=last)))?;
        let says = found["says"].as_str().unwrap_or_default();
        same("what is said", says.starts_with(&format!("Step {step}: ")), true)
    };
    state(last)?;
    window.press(LEFT)?;
    state(last - 1)?;
    window.press(HOME)?;
    state(0)?;
    window.press(LEFT)?;
    state(0)?;
    window.press(RIGHT)?;
    state(1)?;
    window.press(END)?;
    state(last)?;
    window.run("const s = document.getElementById('step'); s.value = 2; s.dispatchEvent(new Event('input'));")?;
    state(2)?;
    let forth = window.find("#forth")?;
    window.command(&format!("element/{}/click", forth[0]), &json!({}))?;
    state(3)?;
    // What the page is about is lit, and the values are those of the execution.
    same("racing cells", window.find("td.races")?.len(), 2)?;
    same("the race's outline", window.style("td.races", "outline-style")?.as_str(), "solid")?;
    same("the drawn race", window.find("svg line.race")?.len(), 1)?;
    let values = window.run(
        "return [...document.querySelectorAll('tbody tr')].map(row =>
        [...row.querySelectorAll('td.value')].map(cell => cell.textContent));",
    )?;
    let wanted: Vec<_> = shown.execution.steps.iter().map(|step| &step.values).collect();
    same("the values", &values, &json!(wanted))?;
    let because = window.run("return document.querySelector('dd.because').textContent;")?;
    same("the sentence", because.as_str().map(str::to_owned), shown.because())?;
    // A screen reader is told what the slider is, and what each column is.
    let slider = window.find("#step")?;
    same("the role", &window.get(&format!("element/{}/computedrole", slider[0]))?, &json!("slider"))?;
    same("the label", &window.get(&format!("element/{}/computedlabel", slider[0]))?, &json!("step"))?;
    let loose = window.run("return [...document.querySelectorAll('th')].filter(th => !th.scope).length;")?;
    same("heads without a scope", &loose, &json!(0))?;
    let requests = window.run("return performance.getEntriesByType('resource').length;")?;
    same("requests", &requests, &json!(0))
}

/// Without scripts the page has the same content, and no dead controls. It can be printed.
fn reads(window: &Window<'_>, page: &Path, shown: &Counterexample) -> Result<()> {
    window.go(page)?;
    same("rows", window.find("tbody tr")?.len(), shown.len())?;
    same("the controls", window.style(".controls", "display")?.as_str(), "none")?;
    same("a row's opacity", window.style("tbody tr:last-child td", "opacity")?.as_str(), "1")?;
    same("the drawing", window.find("svg g.step")?.len(), shown.len())?;
    let print = window.command("print", &json!({ "orientation": "landscape" }))?;
    same("a printed page", print.as_str().is_some_and(|pdf| pdf.starts_with("JVBERi") && pdf.len() > 10_000), true)
}

/// A folder that is gone with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("ackcast-browser-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the folder can be made");
        Self(path)
    }

    fn write(&self, html: &str) -> PathBuf {
        let page = self.0.join("page.html");
        std::fs::write(&page, html).expect("the page can be written");
        page
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn example() -> Counterexample {
    match explain("E1-relaxed").expect("there is this mutant").pop() {
        Some(Explained::Fails(found)) => *found,
        other => panic!("it has a counterexample: {other:?}"),
    }
}

fn page_is_stepped_through() -> Result<()> {
    let (folder, shown, driver) = (Folder::new("steps"), example(), Driver::start()?);
    let page = folder.write(&html(&shown));
    steps(&Window::open(&driver, true)?, &page, &shown)
}

fn page_is_read_without_scripts_and_in_print() -> Result<()> {
    let (folder, shown, driver) = (Folder::new("reads"), example(), Driver::start()?);
    let page = folder.write(&html(&shown));
    reads(&Window::open(&driver, false)?, &page, &shown)
}

/// The negative twins: each doctored page is noticed.
fn faulty_page_is_noticed() -> Result<()> {
    let (folder, shown, driver) = (Folder::new("faulty"), example(), Driver::start()?);
    let right = html(&shown);
    let window = Window::open(&driver, true)?;
    for (from, to, what) in [
        ("ArrowLeft: now() - 1", "ArrowLeft: now()", "the step"),
        ("past[step].has(row)", "past[step].has(row + 1)", "what it knows"),
        ("row > step", "row >= step", "what is pale"),
        ("own races", "own", "racing cells"),
        ("aria-label=\"step\"", "", "the label"),
        ("scope=\"row\"", "", "heads without a scope"),
    ] {
        assert!(right.contains(from), "the page has {from:?}");
        let page = folder.write(&right.replace(from, to));
        let said = steps(&window, &page, &shown).err().ok_or_else(|| format!("{from:?} → {to:?} is not noticed"))?;
        same("the fault", said.split(':').next().unwrap_or_default(), what)?;
    }
    let page = folder.write(&right.replace("class=\"no-script\"", ""));
    let said = reads(&Window::open(&driver, false)?, &page, &shown).err().ok_or("dead controls are not noticed")?;
    same("the fault", said.split(':').next().unwrap_or_default(), "the controls")
}

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some(DRIVE) {
        return drive();
    }
    let arguments = Arguments::from_args();
    let is_there = Command::new(DRIVER).arg("--version").stdout(Stdio::null()).status().is_ok_and(|end| end.success());
    if !is_there && !arguments.list {
        println!("skipped: {DRIVER} is not here (Debian: apt install chromium chromium-driver)");
    }
    type Test = (&'static str, fn() -> Result<()>);
    let tests: [Test; 3] = [
        ("page_is_stepped_through", page_is_stepped_through),
        ("page_is_read_without_scripts_and_in_print", page_is_read_without_scripts_and_in_print),
        ("faulty_page_is_noticed", faulty_page_is_noticed),
    ];
    let tests = tests.map(|(name, test)| {
        Trial::test(format!("webdriver::{name}"), move || test().map_err(Into::into)).with_ignored_flag(!is_there)
    });
    run(&arguments, tests.into()).exit_code()
}
