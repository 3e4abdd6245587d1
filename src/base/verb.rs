//! The commands of the binary.

macro_rules! verbs {
    ($($verb:ident $name:literal [$($usage:literal)+] $about:literal)+) => {
        /// A command of the binary.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Verb { $(#[doc = concat!("`firepush ", $name, "`")] $verb,)+ }

        impl Verb {
            /// Every command.
            pub const ALL: &'static [Verb] = &[$(Verb::$verb),+];

            /// Its word on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Verb::$verb => $name,)+ }
            }

            /// What may stand behind it, each way on its own.
            pub fn usage(self) -> &'static [&'static str] {
                match self { $(Verb::$verb => &[$($usage),+],)+ }
            }

            /// What it does, in a sentence or two.
            pub fn about(self) -> &'static str {
                match self { $(Verb::$verb => $about,)+ }
            }
        }
    };
}

verbs! {
    Send "send" ["[OPTION]... --to JID FILE..." "[OPTION]... --to JID --name NAME -"]
        "Pushes each file, or standard input, to the recipient."
    Receive "receive" ["[OPTION]... --dir DIR --from JID"]
        "Receives files from those who are allowed, into a folder."
    Run "run" ["[OPTION]... [JOB...]"]
        "Sends what the jobs of the configuration mean, and what waits in the spool. Made for cron."
    Status "status" ["[OPTION]..."]
        "Lists what waits, when it is tried again, and why."
    Retry "retry" ["[OPTION]... [ID...]"]
        "Makes what waits due (all of it without an ID), and brings back what was given up."
    Drop "drop" ["[OPTION]... ID...|all"]
        "Forgets what waits or was given up: it is not sent."
    Config "config" ["[OPTION]..."]
        "Prints what is configured, as a configuration file, and where each value came from."
    Doctor "doctor" ["[OPTION]... [--to JID]"]
        "Looks at everything that a push needs, and says what is wrong. Takes at most 15 s; its exit code is what a push would end with."
}
