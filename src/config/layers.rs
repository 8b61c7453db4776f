//! Reads the layers, puts the later over the earlier, and gathers every complaint.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::check::{Complaint, unknown_keys};
use super::settings::{INDEX_MEMORY, Settings, resolve};
use super::{Options, Paths};
use super::{drill, variables};
use crate::prices::Prices;

/// The process' environment, taken once so that nothing below reads it.
#[derive(Clone, Debug, Default)]
pub struct Environment(pub(super) BTreeMap<String, String>);

impl Environment {
    /// Takes the environment of this process; variables that are not Unicode are left out.
    #[must_use]
    pub fn of_this_process() -> Self {
        let pairs = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let mut environment = Self(pairs.collect());
        if let (None, Some(number)) = (environment.user(), account_number()) {
            let name = format!("account {number}");
            environment.0.insert(USER[0].to_owned(), name);
        }
        environment
    }

    /// Makes an environment for a test.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// Returns the name of the account that this runs under, as shells, cron, containers and Windows
    /// say it.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        USER.into_iter().find_map(|name| self.get(name))
    }

    /// Returns a variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// The variables that name the account.
const USER: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// Returns the number of the account that owns this process; `None` where only the system's own
/// functions tell it.
fn account_number() -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::fs::MetadataExt;
        std::fs::metadata("/proc/self").ok().map(|of| of.st_uid())
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Where the layers come from.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// `/etc/mantle/config.toml`, or another file in tests.
    pub managed: Option<PathBuf>,
    /// The user's file; `required` when the command line names it.
    pub user: Option<PathBuf>,
    /// Whether the user's file must be there.
    pub user_is_required: bool,
    /// The user's price file, which goes over the bundled prices.
    pub prices: Option<PathBuf>,
    /// The file of a drill.
    pub drill: Option<PathBuf>,
    /// The environment.
    pub environment: Environment,
    /// `initializationOptions` of the editor.
    pub editor: Option<Value>,
    /// The open workspace, whose `.mantle.toml` may narrow.
    pub workspace: Option<PathBuf>,
}

impl Layers {
    /// Returns the layers of a process without an editor.
    #[must_use]
    pub fn of(paths: &Paths, environment: Environment, user_is_required: bool) -> Self {
        Self {
            managed: Some(PathBuf::from("/etc/mantle/config.toml")),
            user: Some(paths.config.clone()),
            user_is_required,
            prices: Some(paths.prices()),
            drill: Some(paths.drill()),
            environment,
            editor: None,
            workspace: None,
        }
    }

    /// Returns the files that the layers are read from, whether or not they are there.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let workspace = self.narrowing();
        let files = [
            self.managed.clone(),
            self.user.clone(),
            self.prices.clone(),
            self.drill.clone(),
            workspace,
        ];
        files.into_iter().flatten()
    }

    /// Returns the file by which a workspace may narrow.
    fn narrowing(&self) -> Option<PathBuf> {
        self.workspace
            .as_ref()
            .map(|root| root.join(".mantle.toml"))
    }
}

/// Settings that can be worked with, and all that was wrong on the way.
///
/// A complaint never takes the whole configuration away: the layer or model that it is about is
/// left out, and the rest holds, because an editor must go on. Rules that protect (regions) are the
/// exception: if a layer cannot be read, no model over the network is used at all.
#[derive(Debug)]
pub struct Loaded {
    /// What it means.
    pub settings: Settings,
    /// What is wrong, in the order of the layers.
    pub complaints: Vec<Complaint>,
    /// Files that were read.
    pub files: Vec<PathBuf>,
    /// Whether all of them could be understood.
    pub is_sound: bool,
}

/// Reads all layers.
#[must_use]
pub fn load(layers: &Layers) -> Loaded {
    let mut complaints = Vec::new();
    let mut files = Vec::new();
    let mut options = Options::default();
    let mut is_complete = true;

    let user_is_required = layers.user_is_required;
    for (path, required) in [(&layers.managed, false), (&layers.user, user_is_required)] {
        let Some(path) = path else { continue };
        match read(path, required, &mut complaints) {
            Read::Options { layer, is_sound } => {
                files.push(path.clone());
                options = over(options, *layer);
                is_complete &= is_sound;
            }
            Read::Absent => {}
            Read::Broken => is_complete = false,
        }
    }
    options = over(
        options,
        variables::options(&layers.environment, &mut complaints),
    );
    if let Some(editor) = &layers.editor {
        options = over(options, from_editor(editor));
    }
    if let Some(path) = layers.narrowing() {
        match read(&path, false, &mut complaints) {
            Read::Options { layer, is_sound } => {
                narrow(&mut options, *layer, &path, &mut complaints);
                files.push(path);
                is_complete &= is_sound;
            }
            Read::Absent => {}
            Read::Broken => is_complete = false,
        }
    }
    let place = layers
        .user
        .as_ref()
        .map_or_else(String::new, |path| path.display().to_string());
    let mut settings = resolve(&options, &place, &mut complaints);
    if let Some(path) = &layers.prices
        && let Some(prices) = own_prices(path, &mut complaints)
    {
        settings.prices = prices;
        files.push(path.clone());
    }
    let drill = layers.drill.as_deref();
    settings.put_drill(drill.and_then(|path| drill::read(path, &mut complaints)));
    if !is_complete {
        // What could not be understood may have been a rule that forbids what follows.
        settings.models.clear();
        settings.policy.pin = None;
    }
    Loaded {
        settings,
        complaints,
        files,
        is_sound: is_complete,
    }
}

/// Reads the user's price file. One that cannot be read leaves the bundled prices in force, and
/// says so: a model that only it prices is then never called.
fn own_prices(path: &Path, complaints: &mut Vec<Complaint>) -> Option<Prices> {
    let mut complain = |message: String| {
        complaints.push(Complaint {
            place: path.display().to_string(),
            line: None,
            message,
            hint: Some(
                "the bundled prices hold until then; write it anew with `mantle prices import`"
                    .to_owned(),
            ),
        });
        None
    };
    match std::fs::read_to_string(path) {
        Ok(text) => match Prices::with_own(&text) {
            Ok(prices) => Some(prices),
            Err(error) => complain(error.to_string()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => complain(format!("cannot be read: {error}")),
    }
}

enum Read {
    /// What could be understood; sound when that is all of it.
    Options {
        layer: Box<Options>,
        is_sound: bool,
    },
    Absent,
    Broken,
}

fn read(path: &Path, required: bool, complaints: &mut Vec<Complaint>) -> Read {
    let place = path.display().to_string();
    let complain = |message: String, hint: Option<&str>| Complaint {
        place: place.clone(),
        line: None,
        message,
        hint: hint.map(str::to_owned),
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if required {
                complaints.push(complain(
                    "there is no such file".to_owned(),
                    Some("check the path after --config"),
                ));
                return Read::Broken;
            }
            return Read::Absent;
        }
        Err(error) => {
            complaints.push(complain(
                format!("cannot be read: {error}"),
                Some("check its permissions"),
            ));
            return Read::Broken;
        }
    };
    let schema = serde_json::to_value(schemars::schema_for!(Options)).expect("a schema is JSON");
    let unknown = unknown_keys(&place, &text, &schema);
    let is_sound = unknown.is_empty();
    complaints.extend(unknown);
    match toml::from_str(&text) {
        Ok(options) => Read::Options {
            layer: Box::new(options),
            is_sound,
        },
        // The text is not TOML at all, which is said already.
        Err(_) if !is_sound && toml::from_str::<toml::Table>(&text).is_err() => Read::Broken,
        Err(error) => {
            complaints.push(Complaint {
                line: error
                    .span()
                    .map(|span| super::check::line_of(&text, span.start)),
                ..complain(error.message().trim().to_owned(), None)
            });
            Read::Broken
        }
    }
}

/// Puts `upper` over `lower`: a value that is there wins; models of the same id are replaced.
fn over(lower: Options, upper: Options) -> Options {
    let mut models = lower.models;
    for model in upper.models {
        match models
            .iter_mut()
            .find(|known| known.id.is_some() && known.id == model.id)
        {
            Some(known) => *known = model,
            None => models.push(model),
        }
    }
    Options {
        margin: super::options::Margin {
            target: upper.margin.target.or(lower.margin.target),
            seat_price: upper.margin.seat_price.or(lower.margin.seat_price),
            seats: upper.margin.seats.or(lower.margin.seats),
            own_budget: upper.margin.own_budget.or(lower.margin.own_budget),
            value_per_1000_chars: upper
                .margin
                .value_per_1000_chars
                .or(lower.margin.value_per_1000_chars),
        },
        privacy: super::options::Privacy {
            regions: narrower(lower.privacy.regions, upper.privacy.regions),
        },
        inhouse: super::options::InHouse {
            enabled: upper.inhouse.enabled.or(lower.inhouse.enabled),
        },
        index: super::options::Index {
            max_memory_mb: upper.index.max_memory_mb.or(lower.index.max_memory_mb),
            dependencies: upper.index.dependencies.or(lower.index.dependencies),
        },
        routing: super::options::Routing {
            pin: upper.routing.pin.or(lower.routing.pin),
            choice: upper.routing.choice.or(lower.routing.choice),
            supplier_cap: upper.routing.supplier_cap.or(lower.routing.supplier_cap),
            lab_cap: upper.routing.lab_cap.or(lower.routing.lab_cap),
            spend_cap: upper.routing.spend_cap.or(lower.routing.spend_cap),
            quality_floor: upper.routing.quality_floor.or(lower.routing.quality_floor),
            shadow_share: upper.routing.shadow_share.or(lower.routing.shadow_share),
        },
        models,
        network: super::options::Network {
            proxy: upper.network.proxy.or(lower.network.proxy),
            ca_file: upper.network.ca_file.or(lower.network.ca_file),
        },
        log: super::options::Log {
            level: upper.log.level.or(lower.log.level),
        },
    }
}

/// Takes from the editor what it may say: no endpoints and no keys. The rest is the faces' own.
fn from_editor(editor: &Value) -> Options {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Editor {
        inhouse: super::options::InHouse,
        index: super::options::Index,
        log: super::options::Log,
    }
    let editor = Editor::deserialize(editor).unwrap_or_default();
    Options {
        inhouse: editor.inhouse,
        index: editor.index,
        log: editor.log,
        ..Options::default()
    }
}

/// Applies a workspace's file: it may switch off and shorten lists, nothing else.
fn narrow(options: &mut Options, workspace: Options, path: &Path, complaints: &mut Vec<Complaint>) {
    let mut refuse = |key: &str| {
        complaints.push(Complaint {
            place: path.display().to_string(),
            line: None,
            message: format!("`{key}` is ignored in a workspace's file"),
            hint: Some("a workspace may only narrow; move it to your own config.toml".to_owned()),
        });
    };
    if !workspace.models.is_empty() {
        refuse("models");
    }
    if workspace.routing != super::options::Routing::default() {
        refuse("routing");
    }
    if workspace.margin != super::options::Margin::default() {
        refuse("margin");
    }
    if workspace.network != super::options::Network::default() {
        refuse("network");
    }
    if workspace.log.level.is_some() {
        refuse("log.level");
    }
    match workspace.inhouse.enabled {
        Some(true) if options.inhouse.enabled == Some(false) => refuse("inhouse.enabled"),
        Some(false) => options.inhouse.enabled = Some(false),
        Some(true) | None => {}
    }
    match workspace.index.dependencies {
        Some(true) if options.index.dependencies != Some(true) => refuse("index.dependencies"),
        Some(false) => options.index.dependencies = Some(false),
        Some(true) | None => {}
    }
    if let Some(megabytes) = workspace.index.max_memory_mb {
        let below = options.index.max_memory_mb.unwrap_or(INDEX_MEMORY);
        options.index.max_memory_mb = Some(megabytes.min(below));
    }
    options.privacy.regions = narrower(options.privacy.regions.take(), workspace.privacy.regions);
}

/// Joins two lists of regions into what both allow: no layer can widen what another has closed.
fn narrower(lower: Option<Vec<String>>, upper: Option<Vec<String>>) -> Option<Vec<String>> {
    let (Some(lower), Some(upper)) = (&lower, &upper) else {
        return lower.or(upper);
    };
    let both: Vec<String> = lower
        .iter()
        .filter(|region| upper.contains(region))
        .cloned()
        .collect();
    // An empty list would allow everything; this one allows only this machine.
    Some(if both.is_empty() {
        vec!["local".to_owned()]
    } else {
        both
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ModelId, Money, Ppm, PriceSource, Region};

    struct Files(tempfile::TempDir);

    impl Files {
        fn new(files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder");
            for (name, text) in files {
                std::fs::write(folder.path().join(name), text).expect("a file");
            }
            Self(folder)
        }

        fn load(&self, environment: &[(&str, &str)]) -> Loaded {
            load(&Layers {
                managed: Some(self.0.path().join("managed.toml")),
                user: Some(self.0.path().join("user.toml")),
                environment: Environment::from_pairs(environment.iter().copied()),
                workspace: Some(self.0.path().to_owned()),
                ..Layers::default()
            })
        }
    }

    const MODEL: &str = "[[models]]\nid = \"a\"\ntier = \"open-source\"\nprotocol = \"llama-cpp\"\n\
                         base_url = \"http://127.0.0.1:8080/v1/\"\n";

    #[test]
    fn a_seat_is_told_by_the_first_variable_that_names_its_account() {
        let user = |pairs: &[(&'static str, &'static str)]| {
            let environment = Environment::from_pairs(pairs.iter().copied());
            environment.user().map(str::to_owned)
        };
        let of = |name: &str| Some(name.to_owned());
        assert_eq!(user(&[("LOGNAME", "b"), ("USER", "a")]), of("a"));
        assert_eq!(user(&[("LOGNAME", "b"), ("USER", "")]), of("b"));
        assert_eq!(user(&[("USERNAME", "c")]), of("c"));
        assert_eq!(user(&[]), None);
        // Of a real process there is always one to tell it by, where the system says so in a file.
        let is_told = Environment::of_this_process().user().is_some();
        assert!(is_told || !cfg!(target_os = "linux"));
    }

    #[test]
    fn without_any_file_the_embedded_model_works() {
        let loaded = Files::new(&[]).load(&[]);
        assert!(loaded.complaints.is_empty());
        assert!(loaded.settings.policy.embedded);
        assert!(loaded.settings.models.is_empty());
    }

    #[test]
    fn the_environment_is_over_the_user_and_the_user_over_the_managed_layer() {
        let files = Files::new(&[
            (
                "managed.toml",
                "[margin]\ntarget = 0.5\nseat_price = \"10\"\n[inhouse]\nenabled = false\n",
            ),
            (
                "user.toml",
                "[margin]\ntarget = 0.6\n[inhouse]\nenabled = true\n",
            ),
        ]);
        let loaded = files.load(&[("MANTLE_MARGIN__TARGET", "0.7")]);
        let allowance = &loaded.settings.policy.allowance;
        let seat_price = allowance.seat_price.map(|money| money.to_string());
        assert_eq!(allowance.target.map(Ppm::fraction), Some(0.7));
        assert_eq!(seat_price.as_deref(), Some("$10.000000"));
        assert!(loaded.settings.policy.embedded);
    }

    #[test]
    fn a_budget_is_an_amount_and_there_is_a_seat_at_least() {
        let allowance = |text: &str| {
            let loaded = Files::new(&[("user.toml", text)]).load(&[]);
            (loaded.settings.policy.allowance, loaded.complaints.len())
        };
        let (said, complaints) = allowance("[margin]\nown_budget = \"25.00\"\nseats = 12\n");
        let own = said.own.map(|money| money.to_string());
        assert_eq!((own.as_deref(), said.seats), (Some("$25.000000"), Some(12)));
        assert_eq!(complaints, 0);
        // What is no budget lets nothing be spent; seats that are none are one.
        let (said, complaints) = allowance("[margin]\nown_budget = \"-1\"\nseats = 0\n");
        assert_eq!((said.own, said.seats), (Some(Money::ZERO), None));
        assert_eq!(complaints, 2);
    }

    #[test]
    fn a_model_on_this_machine_is_local_and_free() {
        let loaded = Files::new(&[("user.toml", MODEL)]).load(&[]);
        assert!(loaded.complaints.is_empty(), "{:?}", loaded.complaints);
        let model = &loaded.settings.models[0];
        assert_eq!(model.id, ModelId::new("a"));
        assert_eq!(model.base_url, "http://127.0.0.1:8080");
        assert_eq!(model.region, Some(Region::local()));
        assert_eq!(model.price, PriceSource::Free);
    }

    #[test]
    fn a_workspace_cannot_add_a_model_or_widen_the_regions() {
        let files = Files::new(&[
            ("user.toml", "[privacy]\nregions = [\"eu\"]\n"),
            (
                ".mantle.toml",
                &format!("{MODEL}\n[privacy]\nregions = [\"us\", \"cn\"]\n"),
            ),
        ]);
        let loaded = files.load(&[]);
        assert!(loaded.settings.models.is_empty());
        assert_eq!(loaded.settings.policy.regions, [Region::local()]);
        assert_eq!(loaded.complaints.len(), 1);
    }

    #[test]
    fn a_layer_that_cannot_be_read_leaves_no_model_over_the_network() {
        let files = Files::new(&[
            ("managed.toml", "[privacy]\nregion = [\"eu\"]\n"),
            ("user.toml", MODEL),
        ]);
        let loaded = files.load(&[]);
        assert!(loaded.settings.models.is_empty());
        assert!(loaded.settings.policy.embedded);
        assert!(
            loaded.complaints[0]
                .to_string()
                .contains("did you mean `regions`?")
        );
    }

    #[test]
    fn an_unknown_key_does_not_hide_the_other_mistakes() {
        let text = format!("[margn]\n[margin]\ntarget = 80\n{MODEL}").replace("llama-cpp", "llama");
        let loaded = Files::new(&[("user.toml", &text)]).load(&[]);
        let all: Vec<String> = loaded.complaints.iter().map(ToString::to_string).collect();
        assert_eq!(all.len(), 3, "{all:#?}");
        assert!(loaded.settings.models.is_empty());
    }

    #[test]
    fn a_misspelt_variable_is_named() {
        let loaded = Files::new(&[]).load(&[("MANTLE_MARGIN__TARGT", "0.7")]);
        assert!(
            loaded.complaints[0]
                .to_string()
                .contains("did you mean `MANTLE_MARGIN__TARGET`?")
        );
    }
}
