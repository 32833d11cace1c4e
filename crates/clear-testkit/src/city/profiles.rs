//! What an offence brings with it: who is in it, what is taken or kept, what the report says. One line-up per
//! primary type; shares are per cent.
//!
//! No entry depends on a person's sex, race or age, and none of these depends on an entry: the city says nothing about
//! who does what.

use clear_record::PropertyStatus;

/// The line-up of one primary type.
pub(crate) struct Profile {
    /// Primary types that it stands for.
    pub(crate) types: &'static [&'static str],
    /// A victim.
    pub(crate) victim: u64,
    /// Whether the law protects who the victim is.
    pub(crate) protected: bool,
    /// A suspect, where no arrest was made.
    pub(crate) suspect: u64,
    /// A witness.
    pub(crate) witness: u64,
    /// A vehicle that was used or seen.
    pub(crate) vehicle: u64,
    /// An item, and where it stands.
    pub(crate) item: (u64, PropertyStatus, &'static [&'static str]),
    /// What an arrested person is charged with: statute and words.
    pub(crate) charge: (&'static str, &'static str),
    /// The middle of the report.
    pub(crate) stories: &'static [&'static str],
}

/// The line-up for a primary type; those that no entry names share the last.
pub(crate) fn of(primary_type: &str) -> &'static Profile {
    PROFILES.iter().find(|profile| profile.types.contains(&primary_type)).unwrap_or(&OTHER)
}

const GOODS: &[&str] = &[
    "Mobile telephone, black",
    "Laptop computer, 13 inch",
    "Wallet, brown leather, with cards",
    "Backpack, blue",
    "Bicycle, 21 speed, green",
    "Wristwatch, steel",
    "Headphones, wireless",
    "Handbag, black, with keys",
    "Tablet computer",
    "Tool set in a red case",
    "Winter coat, size L",
    "Parcel taken from a porch",
    "Game console with two controllers",
    "Camera with lens",
];
const TOOLS: &[&str] = &[
    "Pry bar, 60 cm",
    "Screwdriver, flat blade",
    "Glove, left, work type",
    "Lock, cut through",
    "Shoe print lift, right heel",
];
const DRUGS: &[&str] = &[
    "Suspect cannabis, one bag, 28 g",
    "Suspect heroin, six foil packets",
    "Suspect cocaine, one bag, 1.2 g",
    "Suspect tablets, unmarked, 14",
    "Digital scale with residue",
];
const ARMS: &[&str] = &[
    "Pistol, semi-automatic, 9 mm",
    "Revolver, .38 calibre",
    "Cartridge cases, four",
    "Knife, folding, 9 cm blade",
    "Magazine, ten rounds",
];
const TRACES: &[&str] = &[
    "Recording of a shop's camera, disc",
    "Photographs of the scene, 12",
    "Clothing in a paper bag",
    "Swab, sealed",
    "Recording of a call, disc",
];
const PAPERS: &[&str] =
    &["Cheque, altered", "Card statement, copy", "Printout of messages", "Counterfeit note, 20 dollars"];

const PROFILES: &[Profile] = &[
    Profile {
        types: &["THEFT"],
        victim: 95,
        protected: false,
        suspect: 25,
        witness: 15,
        vehicle: 6,
        item: (85, PropertyStatus::Stolen, GOODS),
        charge: ("720 ILCS 5/16-1", "Theft"),
        stories: &[
            "{victim} reported that an item was taken while it stood unattended for a few minutes. Missing: {item}.",
            "According to {victim}, {suspect} took the item and walked off before anybody could speak up. Missing: {item}.",
            "{victim} came back to find the item gone: {item}. There were no signs of force.",
        ],
    },
    Profile {
        types: &["BATTERY"],
        victim: 98,
        protected: false,
        suspect: 65,
        witness: 30,
        vehicle: 4,
        item: (12, PropertyStatus::Evidence, TRACES),
        charge: ("720 ILCS 5/12-3", "Battery"),
        stories: &[
            "{victim} stated that an argument grew loud and that {suspect} struck once with an open hand. First aid was offered.",
            "{victim} related that {suspect} pushed during a dispute about a parking space. {victim} declined transport to a hospital.",
            "{suspect} and {victim} are known to each other. {victim} showed redness on the left forearm.",
        ],
    },
    Profile {
        types: &["ASSAULT", "INTIMIDATION", "STALKING"],
        victim: 97,
        protected: false,
        suspect: 60,
        witness: 25,
        vehicle: 6,
        item: (8, PropertyStatus::Evidence, TRACES),
        charge: ("720 ILCS 5/12-1", "Assault"),
        stories: &[
            "{victim} stated that {suspect} made threats and stepped close, and that nobody was touched.",
            "{victim} received threatening messages for several days and showed them to the reporting officer.",
        ],
    },
    Profile {
        types: &["CRIMINAL DAMAGE", "ARSON"],
        victim: 92,
        protected: false,
        suspect: 20,
        witness: 18,
        vehicle: 8,
        item: (10, PropertyStatus::Evidence, TRACES),
        charge: ("720 ILCS 5/21-1", "Criminal damage to property"),
        stories: &[
            "{victim} found a window broken and nothing missing. The opening was boarded up.",
            "{victim} found scratches along the whole side of a parked car.",
            "A neighbour heard glass break and saw somebody run north. {victim} was informed.",
        ],
    },
    Profile {
        types: &["BURGLARY", "HOME INVASION"],
        victim: 97,
        protected: false,
        suspect: 20,
        witness: 15,
        vehicle: 10,
        item: (80, PropertyStatus::Stolen, GOODS),
        charge: ("720 ILCS 5/19-1", "Burglary"),
        stories: &[
            "{victim} came home to find the rear door forced. Missing: {item}. An evidence technician was asked for.",
            "Entry was gained by a side window. {victim} made a first list of what is missing: {item}.",
        ],
    },
    Profile {
        types: &["ROBBERY"],
        victim: 100,
        protected: false,
        suspect: 40,
        witness: 30,
        vehicle: 15,
        item: (85, PropertyStatus::Stolen, GOODS),
        charge: ("720 ILCS 5/18-1", "Robbery"),
        stories: &[
            "{victim} stated that {suspect} demanded belongings and made off on foot. Taken: {item}.",
            "{victim} was approached from behind and pushed. Taken: {item}. {victim} was not hurt.",
        ],
    },
    Profile {
        types: &["MOTOR VEHICLE THEFT"],
        victim: 100,
        protected: false,
        suspect: 12,
        witness: 10,
        vehicle: 100,
        item: (8, PropertyStatus::Evidence, TOOLS),
        charge: ("625 ILCS 5/4-103", "Possession of a stolen vehicle"),
        stories: &[
            "{victim} parked the vehicle in the evening and found the place empty in the morning. All keys are accounted for.",
            "{victim} left the engine running to carry in a parcel; the vehicle was driven off.",
        ],
    },
    Profile {
        types: &["DECEPTIVE PRACTICE"],
        victim: 95,
        protected: false,
        suspect: 20,
        witness: 5,
        vehicle: 1,
        item: (30, PropertyStatus::Evidence, PAPERS),
        charge: ("720 ILCS 5/17-1", "Deceptive practices"),
        stories: &[
            "{victim} noticed charges on a card that {victim} had not made and informed the bank.",
            "{victim} paid a deposit for an apartment that was not for rent. The messages were kept.",
        ],
    },
    Profile {
        types: &["NARCOTICS", "OTHER NARCOTIC VIOLATION"],
        victim: 0,
        protected: false,
        suspect: 70,
        witness: 3,
        vehicle: 12,
        item: (95, PropertyStatus::Evidence, DRUGS),
        charge: ("720 ILCS 570/402", "Possession of a controlled substance"),
        stories: &[
            "Officers on patrol saw a hand-to-hand exchange. Inventoried: {item}.",
            "During a search after an arrest officers found and inventoried: {item}.",
        ],
    },
    Profile {
        types: &["WEAPONS VIOLATION", "CONCEALED CARRY LICENSE VIOLATION"],
        victim: 3,
        protected: false,
        suspect: 50,
        witness: 8,
        vehicle: 15,
        item: (90, PropertyStatus::Evidence, ARMS),
        charge: ("720 ILCS 5/24-1", "Unlawful use of weapons"),
        stories: &[
            "Officers answered a call of a person with a weapon. Inventoried after it was made safe: {item}.",
            "Shots were reported and no one was hit. Recovered at the scene: {item}.",
        ],
    },
    Profile {
        types: &["CRIMINAL TRESPASS"],
        victim: 30,
        protected: false,
        suspect: 70,
        witness: 25,
        vehicle: 3,
        item: (2, PropertyStatus::Evidence, TRACES),
        charge: ("720 ILCS 5/21-3", "Criminal trespass to real property"),
        stories: &["Security had asked {suspect} to leave twice. {suspect} came back and officers were called."],
    },
    Profile {
        types: &["CRIM SEXUAL ASSAULT", "CRIMINAL SEXUAL ASSAULT", "SEX OFFENSE", "PROSTITUTION", "HUMAN TRAFFICKING"],
        victim: 85,
        protected: true,
        suspect: 50,
        witness: 5,
        vehicle: 3,
        item: (30, PropertyStatus::Evidence, TRACES),
        charge: ("720 ILCS 5/11-1.20", "Criminal sexual assault"),
        stories: &[
            "The victim was heard by a detective of the special unit, with an advocate present. Details stand in the unit's file.",
        ],
    },
    Profile {
        types: &["OFFENSE INVOLVING CHILDREN"],
        victim: 95,
        protected: true,
        suspect: 60,
        witness: 15,
        vehicle: 1,
        item: (5, PropertyStatus::Evidence, TRACES),
        charge: ("720 ILCS 5/12C-5", "Endangering the life or health of a child"),
        stories: &[
            "The state's child protection service was informed and took part in the interview. Details stand in the unit's file.",
        ],
    },
    Profile {
        types: &["HOMICIDE", "KIDNAPPING"],
        victim: 100,
        protected: false,
        suspect: 30,
        witness: 45,
        vehicle: 12,
        item: (80, PropertyStatus::Evidence, ARMS),
        charge: ("720 ILCS 5/9-1", "First degree murder"),
        stories: &[
            "The scene was closed off and handed to detectives. Inventoried: {item}. A canvass of the block was made.",
        ],
    },
];

static OTHER: Profile = Profile {
    types: &[],
    victim: 50,
    protected: false,
    suspect: 50,
    witness: 12,
    vehicle: 4,
    item: (8, PropertyStatus::Evidence, TRACES),
    charge: ("720 ILCS 5/26-1", "Disorderly conduct"),
    stories: &[
        "{victim} described a disturbance that had ended before officers came.",
        "Officers spoke with those present and noted their accounts.",
    ],
};

/// How a report begins.
pub(crate) const OPENINGS: &[&str] = &[
    "Reporting officer was sent to {block} at about {time} for a call of {offence}.",
    "At about {time} officers met the caller near {block}; the call was given as {offence}.",
    "This report was taken by telephone. It concerns {offence} near {block}, at about {time}.",
    "While on patrol near {block}, officers were flagged down at about {time} about {offence}.",
];

/// How a report ends.
pub(crate) const ENDINGS: &[&str] = &[
    "A canvass found no further witnesses.",
    "A case number was given and the next steps were explained.",
    "A camera covers the place; a request for its recording was sent.",
    "The beat car was informed. Nothing further at this time.",
    "Detectives were notified.",
];

/// What a supplement adds.
pub(crate) const SUPPLEMENTS: &[&str] = &[
    "The recording was viewed. It shows the place but no face.",
    "A second call to the person who reported it brought nothing new.",
    "The listed item was checked against pawn records, without a match so far.",
    "A witness was heard again and kept to the first account.",
];

/// Why somebody was stopped.
pub(crate) const STOP_REASONS: &[&str] = &[
    "Vehicle failed to stop at a posted sign.",
    "Right tail lamp out.",
    "Speed 18 over the limit by radar.",
    "Plate expired two months ago.",
    "Clothing and direction matched a description broadcast four minutes before, one block away.",
    "Seen trying the door handles of three parked cars in a row.",
    "Left a store with an alarm sounding and looked back twice while running.",
];

/// What a judge's warrant is for.
pub(crate) const WARRANTS: &[&str] = &[
    "Failure to appear: retail theft",
    "Failure to appear: driving on a suspended licence",
    "Burglary",
    "Criminal damage to property",
    "Violation of probation",
    "Aggravated battery",
];

/// What officers should know before they meet somebody.
pub(crate) const CAUTIONS: &[&str] = &[
    "Hard of hearing: face the person when you speak.",
    "Large dog at home.",
    "Carries insulin and needles: ask before a search.",
    "Has a licence to carry a concealed weapon.",
    "Asthma: keep the inhaler within reach.",
];

/// Makes and models.
pub(crate) const CARS: &[(&str, &str)] = &[
    ("Ford", "Focus"),
    ("Ford", "Escape"),
    ("Chevrolet", "Malibu"),
    ("Chevrolet", "Impala"),
    ("Toyota", "Camry"),
    ("Toyota", "Corolla"),
    ("Honda", "Civic"),
    ("Honda", "Accord"),
    ("Nissan", "Altima"),
    ("Hyundai", "Elantra"),
    ("Kia", "Optima"),
    ("Jeep", "Cherokee"),
    ("Dodge", "Charger"),
    ("Volkswagen", "Jetta"),
];

/// Colours.
pub(crate) const COLOURS: &[&str] = &["Black", "White", "Silver", "Gray", "Blue", "Red", "Green", "Tan"];

/// Marks by which somebody is known again.
pub(crate) const MARKS: &[&str] = &[
    "Tattoo of an anchor on the left forearm",
    "Scar over the right eyebrow",
    "Tattoo of a date on the right wrist",
    "Mole on the left cheek",
    "Burn scar on the left hand",
];
