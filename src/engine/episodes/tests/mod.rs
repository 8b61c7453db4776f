mod endings;
mod labels;
mod properties;
mod script;
mod session;
