//! More bytes than 32 bits can count, by a CPU that has 32.

use crate::support::huge;
use crate::support::run::native;
use crate::support::server::{Kind, Server};
use crate::{BOARDS, build};

#[test]
#[ignore = "4 GiB under an emulator: `make check-board`"]
fn a_32_bit_board_pushes_one_byte_more_than_four_gibibytes() {
    let built = build(BOARDS[0].target, "full");
    huge::passes(&Server::start(Kind::Prosody), BOARDS[0].command(&built), native());
}

#[test]
#[ignore = "4 GiB under an emulator: `make check-board`"]
fn a_32_bit_board_receives_one_byte_more_than_four_gibibytes() {
    let built = build(BOARDS[0].target, "full");
    huge::passes(&Server::start(Kind::Prosody), native(), BOARDS[0].command(&built));
}
