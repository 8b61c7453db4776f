//! One handler per method: convert, call the engine, convert back.
//!
//! A notification's handler does all it must before its first await, so that edits are applied in
//! order, and never waits for the client. What takes long is spawned and waited for at the end.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp_server::ls_types::{
    DidChangeConfigurationParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DidSaveTextDocumentParams, ExecuteCommandOptions, ExecuteCommandParams, InitializeParams,
    InitializeResult, InitializedParams, LSPAny, MessageType, OneOf, PositionEncodingKind,
    ServerCapabilities, ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};
use tower_lsp_server::{Client, LanguageServer};

use super::convert;
use super::copilot::{Copilot, is_of_copilot};
use super::protocol::{
    ClientOptions, DID_ACCEPT, ExplainParams, IndexedResult, InlineCompletionList,
    InlineCompletionParams, ItemParams, StatusNotification,
};
use super::reload::Reload;
use super::start::Launch;
use super::suggest::{Ask, Suggestion};
use super::workspace::Abilities;
use crate::config::{Keys, Layers};
use crate::documents::PositionEncoding;
use crate::domain::{CompletionId, Origin};
use crate::engine::{BookState, Clock, Engine, OutcomeError, Setup};

/// The server of one client.
pub struct Mantle {
    client: Client,
    launch: Launch,
    session: OnceLock<Session>,
    tasks: TaskTracker,
}

/// What there is from `initialize` on.
pub struct Session {
    pub engine: Arc<Engine>,
    pub keys: Keys,
    pub clock: Clock,
    /// Counts the changes of documents, for whoever waits for one.
    pub changes: watch::Sender<u64>,
    pub copilot: Copilot,
    pub reload: Arc<Reload>,
    pub client: Client,
    /// Tasks that end with the session.
    pub tasks: TaskTracker,
    pub abilities: Abilities,
    is_of_copilot: bool,
    encoding: PositionEncoding,
    explain: bool,
    complaints: Vec<String>,
}

impl Session {
    /// Returns the question that the parameters are.
    pub fn ask(&self, params: InlineCompletionParams, encoding: PositionEncoding) -> Ask {
        Ask {
            uri: params.text_document.uri,
            version: params.text_document.version,
            position: params.position,
            encoding,
            trigger: convert::trigger(params.context.trigger_kind),
        }
    }

    /// Returns the answer that a suggestion is.
    pub fn list(&self, suggestion: Option<Suggestion>) -> InlineCompletionList {
        let item =
            |suggestion: Suggestion| convert::item(suggestion.served, suggestion.at, self.explain);
        InlineCompletionList {
            items: suggestion.map(item).into_iter().collect(),
        }
    }
}

impl Mantle {
    pub fn new(client: Client, launch: Launch) -> Self {
        Self {
            client,
            launch,
            session: OnceLock::new(),
            tasks: TaskTracker::new(),
        }
    }

    pub fn session(&self) -> Result<&Session> {
        self.session.get().ok_or_else(Error::invalid_request)
    }

    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Tasks that end with the session.
    pub const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Returns the name of whoever started this process.
    pub fn user_name(&self) -> String {
        let user = self.launch.environment.user();
        user.unwrap_or("local").to_owned()
    }

    pub async fn inline_completion(
        &self,
        params: InlineCompletionParams,
    ) -> Result<InlineCompletionList> {
        let session = self.session()?;
        let ask = session.ask(params, session.encoding);
        Ok(session.list(session.suggest(ask).await))
    }

    pub async fn did_show(&self, params: ItemParams) {
        self.told(&params, |engine, id| engine.shown(id));
    }

    pub async fn did_partially_accept(&self, params: ItemParams) {
        let units = params.accepted_length.unwrap_or(0);
        self.told(&params, |engine, id| engine.accept_partly(id, units));
    }

    pub async fn did_reject(&self, params: ItemParams) {
        self.told(&params, |engine, id| engine.dismiss(id));
    }

    fn told(
        &self,
        params: &ItemParams,
        tell: impl FnOnce(&Engine, CompletionId) -> std::result::Result<(), OutcomeError>,
    ) {
        let Ok(session) = self.session() else { return };
        let told = completion_id(params.item.command.arguments.first()).and_then(|id| {
            tell(&session.engine, id).map_err(|error| invalid_params(error.to_string()))
        });
        if let Err(error) = told {
            tracing::info!(%error, "an outcome was not taken");
        }
    }

    pub async fn explain(&self, params: ExplainParams) -> Result<Value> {
        let id = completion_id(Some(&Value::String(params.id)))?;
        let found = self.session()?.engine.explanation(id);
        found
            .map(|explanation| convert::explanation(&explanation))
            .ok_or_else(|| invalid_params(format!("no decision for {id} is kept in this session")))
    }

    pub async fn indexed(&self, _: Value) -> Result<IndexedResult> {
        let report = self.session()?.engine.indexed().await;
        Ok(IndexedResult {
            files: report.files,
            bytes: report.bytes,
        })
    }

    /// Writes everything to disk; the last thing a session does.
    pub async fn close(&self) {
        self.tasks.close();
        if let Some(session) = self.session.get() {
            session.engine.close().await;
        }
    }

    /// Tells the user what can be mended, opens the ledger, learns the workspace, follows the status.
    fn begin(&self, session: &Session) {
        let (client, engine) = (self.client.clone(), Arc::clone(&session.engine));
        let complaints = session.complaints.clone();
        self.tasks.spawn(async move {
            for complaint in complaints {
                client.show_message(MessageType::WARNING, format!("Mantle: {complaint}")).await;
            }
            if let BookState::Closed { message } = engine.open_book().await {
                let text = format!(
                    "Mantle cannot write its ledger, so accepted suggestions are not counted and paid models \
                     stay off: {message}"
                );
                client.show_message(MessageType::WARNING, text).await;
            }
            engine.index().await;
            engine.follow_changes().await;
        });
        self.follow_workspace(session);
        self.tasks.spawn(session.ask_keyring());
        let engine = Arc::clone(&session.engine);
        self.tasks
            .spawn(async move { engine.settle_when_due().await });
        let engine = Arc::clone(&session.engine);
        self.tasks
            .spawn(async move { engine.follow_spending().await });
        if session.is_of_copilot && self.follow_as_copilot().is_err() {
            tracing::error!("there is a session here");
        }
        let (client, mut status) = (self.client.clone(), session.engine.status());
        self.tasks.spawn(async move {
            let mut told = None;
            loop {
                let now = convert::status(&status.borrow_and_update());
                // Some of what it holds is not shown.
                if told.as_ref() != Some(&now) {
                    let params = now.clone();
                    client.send_notification::<StatusNotification>(params).await;
                    told = Some(now);
                }
                if status.changed().await.is_err() {
                    return;
                }
            }
        });
    }
}

impl LanguageServer for Mantle {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let options: ClientOptions = params
            .initialization_options
            .clone()
            .and_then(|options| serde_json::from_value(options).ok())
            .unwrap_or_default();
        let encoding = match options.position_encoding.as_deref() {
            Some("utf-8") => PositionEncoding::Utf8,
            _ => PositionEncoding::Utf16,
        };
        let session = self.prepare(params, &options, encoding);
        if self.session.set(session).is_err() {
            return Err(Error::invalid_request());
        }
        Ok(InitializeResult {
            capabilities: capabilities(encoding),
            server_info: Some(ServerInfo {
                name: "mantle".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        if let Some(session) = self.session.get() {
            self.begin(session);
        }
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let Ok(session) = self.session() else { return };
        let document = params.text_document;
        let uri = convert::document_uri(&document.uri);
        let path = convert::path(&document.uri);
        let (language, bytes) = (&document.language_id, document.text.len());
        tracing::debug!(
            language,
            bytes,
            is_file = path.is_some(),
            "a document was opened"
        );
        session.engine.open(
            uri.clone(),
            path,
            &document.language_id,
            document.version,
            &document.text,
        );
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let Ok(session) = self.session() else { return };
        let uri = convert::document_uri(&params.text_document.uri);
        let edits: Vec<_> = params
            .content_changes
            .into_iter()
            .map(convert::edit)
            .collect();
        let version = params.text_document.version;
        tracing::debug!(version, edits = edits.len(), "a document was changed");
        if let Err(error) = session
            .engine
            .change(&uri, version, &edits, session.encoding)
        {
            tracing::warn!(%error, "a change was not applied");
        }
        session.changes.send_modify(|count| *count += 1);
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        if let Ok(session) = self.session() {
            session.copilot.configure(&params.settings);
            session.reload();
        }
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        let Ok(session) = self.session() else { return };
        session
            .engine
            .close_document(&convert::document_uri(&params.text_document.uri));
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        let Ok(session) = self.session() else { return };
        session
            .engine
            .save(&convert::document_uri(&params.text_document.uri));
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        let Ok(session) = self.session() else { return };
        let changes = params.changes.iter();
        let paths = changes.filter_map(|change| convert::path(&change.uri));
        session.engine.hear_of(paths);
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let Ok(session) = self.session() else { return };
        let (added, removed) = (params.event.added, params.event.removed);
        tracing::info!(
            added = added.len(),
            removed = removed.len(),
            "the open folders have changed"
        );
        session
            .engine
            .change_folders(convert::folders(&added), convert::folders(&removed));
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        if params.command != DID_ACCEPT {
            return Err(invalid_params(format!(
                "no command `{}`; there is {DID_ACCEPT}",
                params.command
            )));
        }
        let id = completion_id(params.arguments.first())?;
        match self.session()?.engine.accept(id).await {
            Ok(()) => Ok(None),
            Err(error @ OutcomeError::NotRecorded(_)) => Err(not_recorded(error)),
            Err(error) => Err(invalid_params(error.to_string())),
        }
    }
}

impl Mantle {
    fn prepare(
        &self,
        params: InitializeParams,
        options: &ClientOptions,
        encoding: PositionEncoding,
    ) -> Session {
        let roots = roots(&params);
        let abilities = Abilities::of(&params.capabilities);
        let is_of_copilot = is_of_copilot(params.initialization_options.as_ref());
        let client = params.client_info.map(|info| {
            let version = info
                .version
                .map(|version| format!(" {version}"))
                .unwrap_or_default();
            format!("{}{version}", info.name)
        });
        let client = match (&options.client, client) {
            (Some(plugin), Some(editor)) => Some(format!("{plugin} in {editor}")),
            (plugin, editor) => plugin.clone().or(editor),
        };
        tracing::info!(
            client = client.as_deref().unwrap_or("unknown"),
            roots = roots.len(),
            "a client has come"
        );

        let launch = &self.launch;
        let layers = Layers {
            editor: params.initialization_options,
            workspace: roots.first().cloned(),
            ..Layers::of(
                &launch.paths,
                launch.environment.clone(),
                launch.config_is_required,
            )
        };
        let (reload, loaded) = Reload::begin(layers);
        let environment = launch.environment.clone();
        let user = environment.user().map(str::to_owned);
        let keys = Keys::of(environment);
        let clock = Clock::system();
        let engine = Engine::new(Setup {
            policy: loaded.settings.policy,
            models: loaded.settings.models,
            prices: loaded.settings.prices,
            network: loaded.settings.network,
            key_of: Box::new({
                let keys = keys.clone();
                move |place| keys.at_hand(place)
            }),
            ledger: launch.paths.ledger(),
            cache: launch.paths.cache.clone(),
            origin: if options.is_try {
                Origin::Try
            } else {
                Origin::Lsp
            },
            client,
            user,
            roots,
            index_memory: loaded.settings.index_memory,
            dependencies: loaded
                .settings
                .index_dependencies
                .then(|| launch.paths.cargo_home.clone()),
            clock: clock.clone(),
        });
        Session {
            engine: Arc::new(engine),
            keys,
            clock,
            changes: watch::Sender::new(0),
            copilot: Copilot::default(),
            reload,
            client: self.client.clone(),
            tasks: self.tasks.clone(),
            abilities,
            is_of_copilot,
            encoding,
            explain: options.explain,
            complaints: loaded.complaints.iter().map(ToString::to_string).collect(),
        }
    }
}

#[expect(
    deprecated,
    reason = "clients without workspace folders still send the root"
)]
fn roots(params: &InitializeParams) -> Vec<PathBuf> {
    let folders = params.workspace_folders.as_deref();
    let mut roots = convert::folders(folders.unwrap_or_default());
    if roots.is_empty() {
        roots.extend(params.root_uri.as_ref().and_then(convert::path));
    }
    if roots.is_empty() {
        roots.extend(params.root_path.as_ref().map(PathBuf::from));
    }
    roots
}

fn capabilities(encoding: PositionEncoding) -> ServerCapabilities {
    ServerCapabilities {
        // UTF-16 is the default of the protocol, and some clients mix encodings once one is named.
        position_encoding: (encoding == PositionEncoding::Utf8)
            .then_some(PositionEncodingKind::UTF8),
        text_document_sync: Some(TextDocumentSyncCapability::Options(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::INCREMENTAL),
                save: Some(TextDocumentSyncSaveOptions::Supported(true)),
                ..TextDocumentSyncOptions::default()
            },
        )),
        inline_completion_provider: Some(OneOf::Left(true)),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![DID_ACCEPT.to_owned()],
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        ..ServerCapabilities::default()
    }
}

fn completion_id(argument: Option<&Value>) -> Result<CompletionId> {
    let text = argument.and_then(Value::as_str).ok_or_else(|| {
        invalid_params("the first argument is the id of the suggestion".to_owned())
    })?;
    text.parse()
        .map_err(|_| invalid_params(format!("`{text}` is not the id of a suggestion")))
}

/// The acceptance is not on disk, and the client should hear of it.
pub fn not_recorded(error: OutcomeError) -> Error {
    Error {
        code: ErrorCode::ServerError(-32803),
        message: error.to_string().into(),
        data: None,
    }
}

fn invalid_params(message: String) -> Error {
    Error {
        code: ErrorCode::InvalidParams,
        message: message.into(),
        data: None,
    }
}
